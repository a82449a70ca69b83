import { describe, expect, it } from 'vitest';
import { failureSentence, failureText } from './failure-text';

describe('the text of a failure', () => {
  it('is a sentence and the last lines, without the indent of a terminal', () => {
    expect(failureText('web.1 ended with exit code 1.\nIts last lines:\n  Error: no gauge\n      at main\n')).toEqual({
      sentence: 'web.1 ended with exit code 1.',
      lastLines: ['Error: no gauge', '    at main', ''],
    });
    expect(failureText('Step 3 failed. Its last lines:\nnpm error')).toEqual({ sentence: 'Step 3 failed.', lastLines: ['npm error'] });
  });

  it('is the sentence alone where nothing was written', () => {
    expect(failureText('Raise the limit.\nThen push again.')).toEqual({ sentence: 'Raise the limit.\nThen push again.', lastLines: [] });
    expect(failureSentence('Raise the limit.\nThen push again.')).toBe('Raise the limit.');
  });

  it('shows last lines without the escape sequences that an app wrote into them', () => {
    expect(failureText('Failed.\nIts last lines:\n  \u001b[31mError\u001b[0m \u202eno gauge').lastLines).toEqual(['Error no gauge']);
  });

  it('keeps last lines that speak of last lines', () => {
    expect(failureText('Failed.\nIts last lines:\na\nIts last lines:\nb').lastLines).toEqual(['a', 'b']);
  });
});
