/* The entry: styles, keys, session, and the page. */
import "./style/base.css";
import "./style/desk.css";
import "./style/conversation.css";
import "./style/floor.css";
import { render } from "preact";
import "@preact/signals";
import { listen } from "./actions";
import { signedIn } from "./session";
import { App } from "./ui/app";

listen();
signedIn();
const root = document.getElementById("desk");
if (root) render(<App />, root);
