import { createClient } from '@molo/client';

/** The platform at the page's own address. The session is a cookie, so changes say that they come from this page. */
export const molo = createClient({ baseUrl: '', headers: { 'X-Molo-Csrf': '1' } });
