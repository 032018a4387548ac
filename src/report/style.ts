/** The report's looks: readable without script, in light and dark, from 360 pixels on and on A4. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--dim:#57606a;--line:#d0d7de;--area:#0969da;--reserved:#8c959f;--kernel:#bf8700;--free:#eaeef2;--good:#1a7f37;--bad:#cf222e;--open:#8a5a00}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--dim:#9198a1;--line:#3d444d;--area:#4493f8;--reserved:#7d8590;--kernel:#d29922;--free:#212830;--good:#3fb950;--bad:#f85149;--open:#d29922}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:1rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}h2{font-size:1.2rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}h3{font-size:1rem;margin:1.2rem 0 .3rem}
code,td,svg text{font-variant-numeric:tabular-nums}code{font-family:ui-monospace,monospace;font-size:.92em}
.dim,figcaption,caption{color:var(--dim)}figcaption,caption{text-align:left}figcaption,caption,.small{font-size:.9rem}.option{white-space:nowrap}figcaption{margin-bottom:.3rem}
nav{display:flex;flex-wrap:wrap;gap:.2rem 1rem}a{color:var(--area)}
figure{margin:1rem 0}svg.map{display:block;max-width:none}svg.narrow,span.narrow{display:none}
@media (max-width:731px){body{padding:.6rem}svg.wide,span.wide{display:none}svg.narrow{display:block}span.narrow{display:inline}}
.sides{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:1rem}.side{min-width:0}.sides h3{min-height:2.4em}.sides svg.wide,.sides span.wide{display:none}.sides svg.narrow{display:block}.sides span.narrow{display:inline}
svg text{font:12px system-ui,sans-serif;fill:var(--ink)}svg text.free,svg .range,svg .note{fill:var(--dim)}svg text.free{font-size:11px}svg .name{font-weight:600}svg .guess{fill:var(--open);font-style:italic}svg tspan.moves,svg text.moves{font-weight:600}svg .conflict{fill:var(--bad);font-weight:600}
.ram{fill:var(--free)}.ram.assumed{stroke:var(--ink);stroke-dasharray:4 3}.box{stroke:var(--paper);stroke-width:1}.box.area{fill:var(--area)}.box.reserved{fill:var(--reserved)}.box.kernel{fill:var(--kernel)}
pattern .ground{fill:var(--paper)}pattern.area .line{fill:var(--area)}pattern.reserved .line{fill:var(--reserved)}pattern.kernel .line{fill:var(--kernel)}
.box.probable,.box.open,.box.moves{stroke:var(--ink);stroke-width:1;stroke-dasharray:4 3}.box.open{opacity:.75}.box.moves{fill-opacity:.55}.box.twice{stroke:var(--bad);stroke-width:2;stroke-dasharray:none}
.leader{fill:none;stroke:var(--dim);stroke-width:1}.break{fill:none;stroke:var(--paper);stroke-width:3}.limit{fill:none;stroke:var(--ink);stroke-width:1.5;stroke-dasharray:5 3}.limit.reach,.rail{stroke:var(--good)}.rail{fill:none;stroke-width:2}
.legend{font-size:.9rem;margin:.3rem 0}.entry{display:inline-block;margin-right:1rem}.key{display:inline-block;width:1em;height:1em;vertical-align:-.12em;border:1px solid var(--line)}
.key.area{background:var(--area)}.key.reserved{background:var(--reserved)}.key.kernel{background:var(--kernel)}.key.free{background:var(--free)}.key.hatched{background:repeating-linear-gradient(45deg,var(--dim) 0 2px,var(--paper) 2px 5px)}.key.moves{border:1px dashed var(--ink)}.key.twice{border:2px solid var(--bad)}
.scroll{overflow-x:auto;margin-bottom:1.2rem}table code{white-space:nowrap}table{border-collapse:collapse;width:100%;font-size:.92rem;overflow-wrap:normal}th,td{text-align:left;vertical-align:top;padding:.25rem .6rem;border-bottom:1px solid var(--line)}thead th{color:var(--dim);font-weight:600}tbody th{font-weight:600}@media (max-width:731px){table{font-size:.85rem}th,td{padding:.2rem .3rem}}
.status{font-weight:600}.pass{color:var(--good)}.fail,.error .status{color:var(--bad)}.unknown,.skip,.not-run,.warning{color:var(--open)}.not-applicable,.note .status{color:var(--dim)}
article{color:var(--ink);border-left:.2rem solid var(--line);padding-left:.7rem;margin:.7rem 0}article.error{border-color:var(--bad)}article p{margin:.1rem 0}
.yes{color:var(--good);font-weight:600}.no{color:var(--dim)}.verdict{font-size:1.05rem;border-left:.3rem solid var(--line);padding-left:.7rem}.verdict.good{border-color:var(--good)}.verdict.bad{border-color:var(--bad)}.verdict.open{border-color:var(--open)}ol,ul{padding-left:1.6rem}details.list{margin:.6rem 0}
@page{size:A4;margin:8mm}
@media print{:root{--ink:#000;--paper:#fff}body{max-width:none;padding:0;font-size:11pt}h2,h3,figcaption{break-after:avoid}figure,tr,article{break-inside:avoid}svg.map.wide,span.wide{display:inline}svg.map.wide{display:block;max-width:100%;max-height:265mm}svg.map.narrow,span.narrow{display:none}.sides{grid-template-columns:1fr 1fr}.sides svg.map.wide,.sides span.wide{display:none}.sides svg.map.narrow{display:block;max-width:100%;max-height:265mm}.sides span.narrow{display:inline}nav,details.list{display:none}svg *,.key{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`.replaceAll('\n', '');
