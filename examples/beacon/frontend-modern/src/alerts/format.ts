/** Alerts as people read them. Pure functions: the time is an argument. */
import type { Alert, Severity } from '../api/schema';

const rank: Record<Severity, number> = { critical: 0, warning: 1 };

/** Most urgent first, then longest lasting; the ID settles what is left. */
export function sortAlerts(alerts: readonly Alert[]): Alert[] {
  return [...alerts].sort(
    (a, b) =>
      rank[a.severity] - rank[b.severity] ||
      Date.parse(a.since) - Date.parse(b.since) ||
      (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  );
}

const units: readonly (readonly [name: string, seconds: number])[] = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
];

/**
 * The two largest units, rounded down: "2d 3h", "4m 0s", "7s". A clock that
 * lags behind the server's gives "0s" and never a negative time.
 */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first === -1) return '0s';
  let rest = seconds;
  return units
    .slice(first, first + 2)
    .map(([name, size]) => {
      const count = Math.floor(rest / size);
      rest -= count * size;
      return `${count}${name}`;
    })
    .join(' ');
}

/** Up to one digit after the point, in no locale: `97`, `97.5`. */
export function formatValue(value: number): string {
  return String(Math.round(value * 10) / 10);
}

export function formatAlert(alert: Alert, now: Date): string {
  const lasting = formatDuration(now.getTime() - Date.parse(alert.since));
  return `[${alert.severity}] ${alert.subject}: ${alert.rule} at ${formatValue(alert.value)} for ${lasting}`;
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Subjects come from agents, and an agent's host may be hostile. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

export function renderAlerts(alerts: readonly Alert[], now: Date): string {
  if (alerts.length === 0) return '<p>All quiet.</p>';
  const items = sortAlerts(alerts).map(
    (alert) => `<li class="${alert.severity}">${escapeHtml(formatAlert(alert, now))}</li>`,
  );
  return `<ul>${items.join('')}</ul>`;
}
