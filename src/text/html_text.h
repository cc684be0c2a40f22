/*
 * HTML to text that a person can read: paragraphs, lists, tables, links and quotations keep their shape.
 *
 *   <ul><li>a<li>b</ul>           - a ⏎ - b
 *   <a href="https://x/">here</a>  here (https://x/)
 *   <tr><td>Sum<td>10</tr>         Sum | 10
 *   <blockquote>old</blockquote>   > old
 *
 * Scripts, styles, comments and what is hidden (display:none) are dropped. The result is text, not safe HTML: it is shown as text.
 */
#ifndef USHER_TEXT_HTML_TEXT_H
#define USHER_TEXT_HTML_TEXT_H

#include "base/str.h"

/* Appends at most `max` bytes, cut at a code point. `html` is UTF-8; malformed bytes pass through (normalize after). */
void html_to_text(struct str *out, struct slice html, size_t max);

#endif
