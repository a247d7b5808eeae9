import { at, type Template } from '../template/template.ts';
import { set, type TemplateRule } from './template-rule.ts';
import { checkDashboard, checkQueries } from './views.ts';

/** What must hold for what people look at. */
export const VIEW_RULES: readonly TemplateRule[] = [
  {
    title: 'the dashboard shows what is published, of resources that there are',
    check: checkDashboard,
    breaches: [
      replaceInDashboard('session-enqueued', 'session-accepted'),
      replaceInDashboard('"probe"', '"consumer"'),
      replaceInDashboard('MetricName=\\"job-failed\\"', 'MetricName=\\"record-emitted\\"'),
      replaceInDashboard('crisp-enrich/test', 'crisp-enrich'),
      replaceInDashboard('SessionsDeadLetterQueue.QueueName', 'SessionsDlq.QueueName'),
      replaceInDashboard('"widgets": [', '"widgets": '),
    ],
  },
  {
    title: 'saved queries ask logs that there are for fields that are logged',
    check: checkQueries,
    breaches: [
      set(['FailuresQuery', 'LogGroupNames', 0, 'Ref'], 'WorkerLogGroup'),
      set(['FailuresQuery', 'QueryString'], 'stats count(*) as jobs by errorCode'),
      set(['FailuresQuery', 'QueryString'], 'filter message = "job-broken"'),
    ],
  },
];

function replaceInDashboard(search: string, replacement: string) {
  return (template: Template) => {
    const body = String(at(template.Resources, 'Dashboard', 'Properties', 'DashboardBody', 'Fn::Sub'));
    if (!body.includes(search)) throw new Error(`The dashboard has no ${search}`);
    set(['Dashboard', 'DashboardBody', 'Fn::Sub'], body.replaceAll(search, replacement))(template);
  };
}
