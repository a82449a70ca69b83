import type { SecondFactor } from '@molo/contracts';
import { describe, expect, it } from 'vitest';
import { person, shown } from '../testing/shown';
import { QrCode } from './qr-code';
import { RecoveryCodesShown } from './recovery-codes-shown';
import { SecondFactorSection } from './second-factor';

describe('the second factor', () => {
  const html = (secondFactor?: SecondFactor) => shown(<SecondFactorSection email="grace@example.com" />, { me: person(['any']), known: secondFactor === undefined ? [] : [[['second-factor'], secondFactor]] });

  it('is offered to who has none, and to who has one what can be done with it', () => {
    const offers = (text: string) => ['Enable<', 'New recovery codes<', 'Disable<'].filter((offer) => text.includes(offer));
    expect(offers(html({ since: null, recoveryCodesLeft: 0 }))).toEqual(['Enable<']);
    expect(offers(html({ since: '2020-05-03T00:00:00.000Z', recoveryCodesLeft: 9 }))).toEqual(['New recovery codes<', 'Disable<']);
    expect(html()).toContain('Loading the second factor');
    expect(html({ since: null, recoveryCodesLeft: 0 })).toContain('molo second-factor');
  });

  it('warns when few recovery codes are left', () => {
    const warns = (recoveryCodesLeft: number) => html({ since: '2020-05-03T00:00:00.000Z', recoveryCodesLeft }).includes('make new ones');
    expect([10, 3, 2, 0].map(warns)).toEqual([false, false, true, true]);
  });

  it('has recovery codes to read and to copy, told to be shown once', () => {
    const text = shown(<RecoveryCodesShown codes={['aaaa-bbbb-cccc-dddd', 'eeee-ffff-gggg-hhhh']} onClose={() => undefined} />, { me: person(['any']), known: [] });
    expect(text).toMatch(/shown this once.*aaaa-bbbb-cccc-dddd.*eeee-ffff-gggg-hhhh.*Copy the recovery codes/s);
  });

  it('is a QR code that says what it is, without a style of its own, which the page forbids', () => {
    const text = shown(<QrCode text="otpauth://totp/molo.localhost:ada" label="QR code of the secret" />, { me: person(['any']), known: [] });
    expect(text).toMatch(/^<svg role="img" aria-label="QR code of the secret".*<path d="M\d+ \d+h1v1h-1z/);
    expect(text).not.toContain('style=');
  });
});
