import { describe, expect, it } from 'vitest';
import { returnPath } from './return-path';

describe('the way back after signing in', () => {
  it('leads to the page that was asked for', () => {
    expect(returnPath('/apps/myapp?view=logs#end')).toBe('/apps/myapp?view=logs#end');
  });

  it.each(['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', '/\t/evil.example', '', null])('never leaves the dashboard: %j', (next) => {
    expect(returnPath(next)).toBe('/');
  });

  it('does not lead back to signing in', () => {
    expect(returnPath('/sign-in?next=/')).toBe('/');
  });
});
