import type { Statistics } from './core/statistics.ts';
import type { News } from './ports.ts';

/** What of the news is counted. */
export function countNews(statistics: Statistics, news: News): void {
  switch (news.kind) {
    case 'granted':
      return statistics.grants.add(news.grant.scheduling.kind);
    case 'removed':
      return statistics.removals.add(news.reason);
    case 'demoted':
      return statistics.demotions.add(news.reason);
    case 'restored':
      return void statistics.restorations++;
    case 'starved':
      return void statistics.starvations++;
  }
}
