// Styles live in the shadow root as a constructed sheet: no inline style, so a strict Content-Security-Policy holds.
const dark = "--accent: #7db0ff; --on-accent: #0c1420; --paper: #171c24; --ink: #e9edf3; --soft: #a9b4c4; --line: #323b48; --mine: #22344d; --theirs: #232a35; --warn: #ffcf8f; --warn-bg: #3a2c16; color-scheme: dark;";
const font = "system-ui, sans-serif";
export const css = `
:host { all: initial; --accent: #1f5fbf; --on-accent: #fff; --paper: #fff; --ink: #1c2430; --soft: #56627a; --line: #dbe1ea; --mine: #e6effb; --theirs: #f1f3f7; --warn: #8a4b00; --warn-bg: #fff4e0; color-scheme: light; }
@media (prefers-color-scheme: dark) { :host(:not(.light)) { ${dark} } }
:host(.dark) { ${dark} }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
button, textarea, input, select { font: inherit; color: inherit; }
button { cursor: pointer; }
p { margin: 0; }
svg { width: 22px; height: 22px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
:focus-visible { outline: 2px solid var(--ink); outline-offset: 2px; }
::placeholder { color: var(--soft); opacity: 1; }
textarea:focus-visible, .field :focus-visible { outline-offset: -1px; }
/* borders that nobody sees stand out where colours are the reader's own */
.launch, .send, .text, .more { border: 1px solid transparent; }
.launch, .invite { position: fixed; right: 20px; bottom: 20px; z-index: 2147483000; font: 600 15px/1 ${font}; box-shadow: 0 6px 20px rgb(0 0 0 / .22); }
.launch { display: flex; gap: 10px; align-items: center; height: 52px; padding: 0 20px 0 16px; border-radius: 26px; background: var(--accent); color: var(--on-accent); }
.badge { min-width: 24px; padding: 5px 7px; border-radius: 12px; background: #b3261e; color: #fff; font-size: 13px; text-align: center; }
.invite { bottom: 84px; width: min(300px, calc(100vw - 24px)); padding: 16px; display: grid; gap: 10px; border: 1px solid var(--line); border-radius: 16px; background: var(--paper); color: var(--ink); font: 15px/1.45 ${font}; overflow-wrap: anywhere; }
.panel { position: fixed; right: 20px; bottom: 20px; z-index: 2147483001; display: flex; flex-direction: column; width: min(380px, calc(100vw - 24px)); height: min(600px, calc(100vh - 40px)); background: var(--paper); color: var(--ink); border: 1px solid var(--line); border-radius: 16px; overflow: hidden; box-shadow: 0 12px 40px rgb(0 0 0 / .25); font: 15px/1.45 ${font}; }
:host(.left) .launch, :host(.left) .invite, :host(.left) .panel:not(.page) { right: auto; left: 20px; }
.panel.page { position: static; width: min(44rem, calc(100vw - 24px)); height: min(640px, calc(100vh - 170px)); min-height: 420px; margin: 16px auto; box-shadow: 0 4px 18px rgb(0 0 0 / .08); }
.head, .write, .emoji { flex: none; }
.head { display: flex; align-items: center; gap: 8px; padding: 10px 8px 10px 16px; border-bottom: 1px solid var(--line); }
.head h2 { flex: 1; min-width: 0; margin: 0; font-size: 16px; font-weight: 650; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.icon { display: grid; place-items: center; flex: none; width: 40px; height: 40px; padding: 0; border: 0; border-radius: 10px; background: none; color: var(--soft); }
.icon:hover, .emoji button:hover { background: var(--theirs); }
.status { padding: 8px 16px; font-size: 14px; color: var(--soft); border-bottom: 1px solid var(--line); }
.status.warn { color: var(--warn); background: var(--warn-bg); }
.log { flex: 1; min-height: 40px; overflow-y: auto; padding: 16px; display: flex; flex-direction: column; gap: 10px; overscroll-behavior: contain; }
.drop .log { outline: 2px dashed var(--accent); outline-offset: -8px; }
.more { align-self: center; margin-top: -44px; padding: 8px 16px; border-radius: 18px; background: var(--accent); color: var(--on-accent); z-index: 1; }
.again { padding: 4px 8px; border: 0; background: none; color: var(--ink); text-decoration: underline; }
a { color: inherit; }
.msg { max-width: 84%; align-self: flex-start; }
.msg.you { align-self: flex-end; }
.msg.system { align-self: center; max-width: 100%; text-align: center; color: var(--soft); font-size: 14px; }
.msg.bad { color: var(--warn); }
.who { margin: 0 4px 2px; font-size: 13px; color: var(--soft); }
.you .who { text-align: right; }
.text { padding: 9px 13px; border-radius: 14px; background: var(--theirs); white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; }
.you .text { background: var(--mine); }
.system .text { background: none; padding: 2px 8px; border: 0; }
.file { display: grid; gap: 6px; justify-items: start; margin-top: 4px; padding: 8px; border: 1px solid var(--line); border-radius: 14px; }
.file canvas { max-width: 100%; border-radius: 8px; }
.file button { max-width: 100%; padding: 4px; border: 0; background: none; text-align: left; text-decoration: underline; overflow-wrap: anywhere; }
.mark { display: block; margin: 2px 4px 0; font-size: 12.5px; color: var(--soft); text-align: right; }
.you:has(~ .you .ok) .ok { display: none; }
.mark.bad { color: var(--warn); }
.typing { min-height: 22px; padding: 0 18px 4px; font-size: 14px; color: var(--soft); }
.write { display: flex; gap: 6px; align-items: flex-end; padding: 10px; border-top: 1px solid var(--line); }
.tools { display: flex; height: 44px; align-items: center; }
.tools .icon { width: 34px; }
textarea, input, select { width: 100%; min-height: 44px; padding: 10px 12px; border: 1px solid var(--soft); border-radius: 12px; background: var(--paper); font-size: 16px; line-height: 1.4; }
textarea { flex: 1; min-width: 0; max-height: 140px; resize: none; }
.send { display: grid; place-items: center; min-width: 44px; min-height: 44px; padding: 0 10px; border-radius: 12px; background: var(--accent); color: var(--on-accent); font-weight: 600; }
.slot, .ask { overflow-y: auto; min-height: 0; }
.ask { padding: 14px 16px; border-top: 1px solid var(--line); display: grid; gap: 10px; }
.ask p { font-weight: 600; }
.ask > button:not(.send), .invite > button:not(.send) { min-height: 42px; border: 1px solid var(--soft); border-radius: 10px; background: none; }
.ask .danger { border-color: var(--warn); color: var(--warn); }
.field { display: grid; gap: 4px; font-size: 14px; }
.stars { display: flex; gap: 4px; }
.stars input { appearance: none; width: 44px; min-height: 44px; margin: 0; padding: 0; border: 0; background: none; cursor: pointer; }
.stars input::before { content: "★"; display: block; font-size: 34px; line-height: 44px; text-align: center; color: var(--ink); }
.stars:not(:has(:checked)) input::before, .stars :checked ~ input::before { content: "☆"; color: var(--soft); }
.emoji { display: grid; grid-template-columns: repeat(auto-fill, minmax(40px, 1fr)); padding: 8px; border-top: 1px solid var(--line); }
.emoji button { height: 40px; padding: 0; border: 0; border-radius: 10px; background: none; font-size: 20px; }
@media (max-width: 480px), (max-height: 480px) { .panel:not(.page) { right: 0; top: 0; width: 100vw; height: var(--high, 100dvh); border: 0; border-radius: 0; } :host(.left) .panel:not(.page) { left: 0; } .panel.page { margin: 12px auto; height: calc(var(--high, 100dvh) - 176px); min-height: 300px; } .launch, .invite { right: 12px; } .launch { bottom: 12px; } .invite { bottom: 76px; } }
@media (prefers-reduced-motion: no-preference) { .msg { animation: in .16s ease-out; } @keyframes in { from { opacity: 0; transform: translateY(4px); } } }
`;
