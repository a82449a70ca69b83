import { createClient } from '@molo/client';
import { z } from 'zod';

// Zod would try `new Function` for speed, which the page's security policy refuses and reports.
z.config({ jitless: true });

/** The platform at the page's own address. The session is a cookie, so changes say that they come from this page. */
export const molo = createClient({ baseUrl: '', headers: { 'X-Molo-Csrf': '1' } });
