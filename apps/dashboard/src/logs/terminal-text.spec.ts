import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { terminalRuns, terminalText as text } from './terminal-text';

const esc = '\u001b';

describe('a line of a terminal', () => {
  it('keeps colours and weight', () => {
    expect(terminalRuns(`a ${esc}[1;31mred${esc}[0m b ${esc}[92mgreen${esc}[39m c`)).toEqual([
      { text: 'a ', colour: null, bold: false, faint: false },
      { text: 'red', colour: 'red', bold: true, faint: false },
      { text: ' b ', colour: null, bold: false, faint: false },
      { text: 'green', colour: 'green', bold: false, faint: false },
      { text: ' c', colour: null, bold: false, faint: false },
    ]);
  });

  it('drops titles, links, cursor moves and other sequences whole', () => {
    expect(text(`${esc}]0;evil title\u0007a${esc}]8;;http://evil.example${esc}\\link${esc}]8;;${esc}\\${esc}[2J${esc}[10;5H${esc}[?25lb${esc}(Bc`)).toBe('alinkbc');
  });

  it('leaves markup as the text that it is', () => {
    expect(text('<img src=x onerror=alert(1)>')).toBe('<img src=x onerror=alert(1)>');
  });

  it('shows the last drawing of a progress bar', () => {
    expect(text('10%\r50%\r100%')).toBe('100%');
    expect(text('a whole line\r')).toBe('a whole line');
  });

  it('takes colours out of the large palettes without eating the text behind them', () => {
    expect(terminalRuns(`${esc}[38;5;9mx${esc}[0m${esc}[38;2;1;2;3my${esc}[48;5;200mz`).map((run) => [run.text, run.colour])).toEqual([
      ['x', 'red'],
      ['y', null],
      ['z', null],
    ]);
  });

  it('lets no control or direction-changing character through, whatever the line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.array(fc.constantFrom(esc, '[', ']', '31m', '\u0007', '\r', '\u202e', '\u061c', '\u200f', 'x')), (noise, parts) => {
        // eslint-disable-next-line no-control-regex
        expect(text(noise + parts.join(''))).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });
});
