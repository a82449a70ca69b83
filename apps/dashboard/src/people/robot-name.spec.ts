import { describe, expect, it } from 'vitest';
import { robotName } from './robot-name';

const [ci, ofBlog, probe] = [{ id: '1', name: 'ci' }, { id: '2', name: 'CI' }, { id: '3', name: 'probe' }] as const;

describe('a robot in a command', () => {
  it('is named by its name where it alone has it, whatever the case, and else by its id', () => {
    expect(robotName(probe, [ci, ofBlog, probe])).toBe('probe');
    expect([ci, ofBlog].map((robot) => robotName(robot, [ci, ofBlog, probe]))).toEqual(['1', '2']);
  });

  it('is named by its id until it is known whether another has its name', () => {
    expect(robotName(probe, undefined)).toBe('3');
  });

  it('is named by its name where it was made just now, and by its id where the command would take the name for an option', () => {
    expect(robotName(probe, [ci])).toBe('probe');
    expect(robotName({ id: '4', name: '--yes' }, [])).toBe('4');
  });
});
