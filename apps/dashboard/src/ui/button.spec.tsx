import type { MouseEvent } from 'react';
import { describe, expect, it } from 'vitest';
import { Button } from './button';

describe('a button whose work is under way', () => {
  it('keeps the focus: it says that it is disabled, and is not', () => {
    const { props } = Button({ busy: true, children: 'Revoke' });
    expect(props).toMatchObject({ 'aria-disabled': true, 'aria-busy': true });
    expect(props).not.toHaveProperty('disabled');
    expect(Button({ busy: true, disabled: true, children: 'Revoke' }).props).toHaveProperty('disabled', true);
  });

  it('takes no second click, and sends no form again', () => {
    let clicks = 0;
    let prevented = 0;
    const click = { preventDefault: () => void prevented++ } as unknown as MouseEvent<HTMLButtonElement>;
    for (const busy of [false, true]) (Button({ busy, onClick: () => void clicks++, children: 'Revoke' }).props as { onClick: (event: typeof click) => void }).onClick(click);
    expect([clicks, prevented]).toEqual([1, 1]);
  });
});
