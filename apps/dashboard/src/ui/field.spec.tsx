import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { SuggestInput } from './field';

const many = Array.from({ length: 1000 }, (_, number) => ({ value: `user${number}@example.com`, hint: number === 500 ? 'Ada Lovelace' : 'Somebody' }));
const suggested = (value: string) => [...renderToStaticMarkup(<SuggestInput label="Who" value={value} readOnly suggestions={many} />).matchAll(/<option value="([^"]+)"/g)].map(([, option]) => option);

describe('a field that suggests', () => {
  it('suggests what fits to what was typed, by itself or by the word on it', () => {
    expect(suggested('USER77@')).toEqual(['user77@example.com']);
    expect(suggested(' lovelace')).toEqual(['user500@example.com']);
    expect(suggested('nobody')).toEqual([]);
  });

  it('suggests no more than one can look through', () => {
    expect(suggested('')).toHaveLength(30);
    expect(suggested('example')).toHaveLength(30);
  });
});
