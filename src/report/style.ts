/** The report's looks: readable without script, in light and dark, on 400 pixels and on paper. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--dim:#57606a;--line:#d0d7de;--area:#0969da;--reserved:#8c959f;--kernel:#9a6700;--free:#eaeef2;--twice:#cf222e;--good:#1a7f37;--bad:#cf222e;--open:#9a6700}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--dim:#9198a1;--line:#3d444d;--area:#4493f8;--reserved:#656c76;--kernel:#d29922;--free:#212830;--twice:#f85149;--good:#3fb950;--bad:#f85149;--open:#d29922}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:1rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}h2{font-size:1.2rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}
code,td,.tick{font-variant-numeric:tabular-nums}code{font-family:ui-monospace,monospace;font-size:.92em;overflow-wrap:anywhere}
.dim,figcaption,caption{color:var(--dim)}figcaption,caption{text-align:left;font-size:.9rem}
figure{margin:.5rem 0}svg{display:block;width:100%;min-width:38rem;height:auto}
.segment.free rect{fill:var(--free)}.segment.area rect{fill:var(--area)}.segment.reserved rect{fill:var(--reserved)}.segment.kernel rect{fill:var(--kernel)}.segment.twice rect{fill:var(--twice)}
svg rect{stroke:var(--paper);stroke-width:.5}svg text{font:13px system-ui,sans-serif;fill:#fff}svg text.tick{fill:var(--dim)}
.zone{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:4 3}.key{display:inline-block;width:1em;height:1em;vertical-align:-.12em;margin-left:.8em;border:1px solid var(--line)}
.key.area{background:var(--area)}.key.reserved{background:var(--reserved)}.key.kernel{background:var(--kernel)}.key.free{background:var(--free)}.key.twice{background:var(--twice)}.key.zone{width:0;border:0;border-left:2px dashed var(--ink)}
.scroll{overflow-x:auto}table code{white-space:nowrap}table{border-collapse:collapse;width:100%;font-size:.92rem}th,td{text-align:left;vertical-align:top;padding:.25rem .6rem;border-bottom:1px solid var(--line)}thead th{color:var(--dim);font-weight:600}tbody th{font-weight:600}
.status{font-weight:600}.pass{color:var(--good)}.fail{color:var(--bad)}.unknown,.skip,.not-run,.warning{color:var(--open)}.error{color:var(--bad)}
.yes{color:var(--good);font-weight:600}.no{color:var(--dim)}.verdict{font-size:1.05rem;border-left:.3rem solid var(--line);padding-left:.7rem}.verdict.good{border-color:var(--good)}.verdict.bad{border-color:var(--bad)}.verdict.open{border-color:var(--open)}.scroll{margin-bottom:1.2rem}ol{padding-left:2.2rem}nav a{margin-right:1rem}a{color:var(--area)}
@media print{body{max-width:none;color:#000;background:#fff}h2{break-after:avoid}figure,tr{break-inside:avoid}svg{min-width:0}nav{display:none}}
`.replaceAll('\n', '');
