import { describe, expect, it } from 'vitest';
import { escapeHtml, formatAlert, formatDuration, formatValue, renderAlerts, sortAlerts } from '../src/alerts/format';
import { makeAlert } from './factory';

const now = new Date('2026-02-09T13:02:03Z');

describe('formatDuration', () => {
  it.each([
    [-5_000, '0s'],
    [0, '0s'],
    [999, '0s'],
    [7_000, '7s'],
    [60_000, '1m 0s'],
    [3_723_000, '1h 2m'],
    [86_400_000, '1d 0h'],
    [183_600_000, '2d 3h'],
  ])('%i ms is %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });
});

describe('formatValue', () => {
  it.each([
    [97, '97'],
    [97.45, '97.5'],
    [0.04, '0'],
    [100, '100'],
  ])('%d is %s', (value, text) => {
    expect(formatValue(value)).toBe(text);
  });
});

describe('formatAlert', () => {
  it('says what, where, how much and for how long', () => {
    expect(formatAlert(makeAlert(), now)).toBe('[critical] agent/web-1: cpu-high at 97 for 1h 2m');
  });
});

describe('sortAlerts', () => {
  it('puts the urgent first, then the old, and leaves its argument alone', () => {
    const alerts = [
      makeAlert({ id: 'c', severity: 'warning', since: '2026-02-01T00:00:00Z' }),
      makeAlert({ id: 'b', since: '2026-02-09T12:00:00Z' }),
      makeAlert({ id: 'a', since: '2026-02-09T12:00:00Z' }),
      makeAlert({ id: 'd', since: '2026-02-08T12:00:00Z' }),
    ];
    expect(sortAlerts(alerts).map(({ id }) => id)).toEqual(['d', 'a', 'b', 'c']);
    expect(alerts.map(({ id }) => id)).toEqual(['c', 'b', 'a', 'd']);
  });
});

describe('renderAlerts', () => {
  it('says so when there are none', () => {
    expect(renderAlerts([], now)).toBe('<p>All quiet.</p>');
  });

  it('escapes what agents call themselves', () => {
    const html = renderAlerts([makeAlert({ subject: `<img src=x onerror='alert(1)'>` })], now);
    expect(html).not.toContain('<img');
    expect(html).toContain('&lt;img src=x onerror=&#39;alert(1)&#39;&gt;');
  });

  it('escapes an ampersand once', () => {
    expect(escapeHtml('a&b<')).toBe('a&amp;b&lt;');
  });
});
