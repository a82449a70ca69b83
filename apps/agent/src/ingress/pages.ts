/** The ingress's own pages: self-contained, light and dark, nothing loaded from anywhere. */

interface Page {
  readonly status: number;
  readonly reason: string;
  readonly title: string;
  readonly text: string;
  readonly hint: string;
  readonly code: 'not_found' | 'unavailable';
  /** Whether a browser asks again by itself. */
  readonly refreshes: boolean;
}

/** File name without ending → page. `idle` and `unknown` are chosen by what the client accepts, the others are HTML. */
const pages = {
  unknown: {
    status: 404,
    reason: 'Not Found',
    title: 'Nothing lives at this address',
    text: 'No app on this Molo answers to this host name.',
    hint: 'Check the spelling, or add the name to an app: <code>molo domains add</code>.',
    code: 'not_found',
    refreshes: false,
  },
  idle: {
    status: 503,
    reason: 'Service Unavailable',
    title: 'Nothing is deployed here yet',
    text: 'The app is there, but none of its instances serves.',
    hint: 'Push to deploy it, or see its state with <code>molo ps</code>. This page looks again by itself.',
    code: 'unavailable',
    refreshes: true,
  },
  starting: {
    status: 503,
    reason: 'Service Unavailable',
    title: 'Molo is starting',
    text: 'The platform is not answering yet. Apps go on serving meanwhile.',
    hint: 'This page looks again by itself. If it stays, see <code>npm run status</code> on the machine.',
    code: 'unavailable',
    refreshes: true,
  },
  502: {
    status: 502,
    reason: 'Bad Gateway',
    title: 'The app broke off',
    text: 'The app closed the connection before it had answered.',
    hint: 'Its log says why: <code>molo logs</code>.',
    code: 'unavailable',
    refreshes: false,
  },
  503: {
    status: 503,
    reason: 'Service Unavailable',
    title: 'The app does not answer',
    text: 'None of its instances takes connections at the moment.',
    hint: 'See its state with <code>molo ps</code>. This page looks again by itself.',
    code: 'unavailable',
    refreshes: true,
  },
  504: {
    status: 504,
    reason: 'Gateway Timeout',
    title: 'The app took too long',
    text: 'The app did not answer within five minutes.',
    hint: 'Its log may say why: <code>molo logs</code>.',
    code: 'unavailable',
    refreshes: false,
  },
} as const satisfies Record<string, Page>;

/** File name → content, all that the configuration refers to. */
export function renderPages(): Map<string, string> {
  const files = new Map<string, string>();
  for (const [name, page] of Object.entries(pages)) {
    if (name === 'idle' || name === 'unknown') {
      files.set(`${name}.html`, html(page));
      files.set(`${name}.json`, json(page));
      files.set(`${name}.txt`, `${page.status} ${page.title}. ${page.text}\n`);
    } else {
      files.set(`${name}.http`, rawResponse(page));
    }
  }
  return files;
}

/** The form that HAProxy's `errorfile` takes: a whole response. */
function rawResponse(page: Page): string {
  const body = html(page);
  return [
    `HTTP/1.1 ${page.status} ${page.reason}`,
    'Content-Type: text/html; charset=utf-8',
    'Cache-Control: no-store',
    'Retry-After: 2',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

function json(page: Page): string {
  return `${JSON.stringify({ type: `urn:molo:problem:${page.code}`, title: page.title, status: page.status, code: page.code, detail: page.text })}\n`;
}

function html(page: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
${page.refreshes ? '<meta http-equiv="refresh" content="3">\n' : ''}<title>${page.status} · ${page.title}</title>
<style>${style}</style>
</head>
<body>
<main>
${pier}
<p class="status">${page.status}</p>
<h1>${page.title}</h1>
<p>${page.text}</p>
<p class="hint">${page.hint}</p>
</main>
<footer>Molo</footer>
</body>
</html>
`;
}

const style = `
:root{--ground:#f4f7f8;--ink:#10242c;--quiet:#5b707a;--line:#0e7c86;--wave:#bcd6da;--chip:#e3ecee}
@media (prefers-color-scheme:dark){:root{--ground:#0b1519;--ink:#e8f1f3;--quiet:#8fa5ae;--line:#4cc3cd;--wave:#24424a;--chip:#14262c}}
*{box-sizing:border-box;margin:0}
body{min-height:100vh;display:grid;grid-template-rows:1fr auto;background:var(--ground);color:var(--ink);font:17px/1.55 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{align-self:center;justify-self:center;width:min(34rem,100%);padding:2rem 1.5rem}
svg{display:block;width:9rem;height:auto;margin-bottom:1.75rem}
.status{font:600 .85rem/1 ui-monospace,SFMono-Regular,Menlo,monospace;letter-spacing:.12em;color:var(--line);margin-bottom:.6rem}
h1{font-size:clamp(1.6rem,5vw,2.1rem);line-height:1.2;letter-spacing:-.02em;font-weight:650;margin-bottom:.7rem;text-wrap:balance}
.hint{color:var(--quiet);margin-top:.9rem;font-size:.95rem}
code{font:.88em ui-monospace,SFMono-Regular,Menlo,monospace;background:var(--chip);padding:.12em .4em;border-radius:.3em;white-space:nowrap}
footer{padding:1.25rem;text-align:center;color:var(--quiet);font-size:.85rem;letter-spacing:.04em}
`.trim();

/** A pier over water. */
const pier = `<svg viewBox="0 0 144 64" fill="none" stroke-linecap="round" stroke-width="4" aria-hidden="true">
<path stroke="var(--line)" d="M8 22h100M22 22v26M50 22v26M78 22v26M106 22v26M106 22V8M106 8h12"/>
<path stroke="var(--wave)" d="M2 56c9 0 9-6 18-6s9 6 18 6 9-6 18-6 9 6 18 6 9-6 18-6 9 6 18 6 9-6 18-6 9 6 14 6"/>
</svg>`;
