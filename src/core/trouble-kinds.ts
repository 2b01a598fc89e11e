import type { Alert, AlertCondition, AlertDetails } from './alert.ts'
import type { Trouble, TroubleCode } from './trouble.ts'

/** Lights of the console's first page. */
export type Light = 'polls' | 'deliveries' | 'service' | 'clock' | 'notices'

/** Checks of `/readyz` that list troubles. They prevent no registration, so the service stays ready. */
export const TROUBLE_CHECKS = ['accounts', 'upstream', 'deliveries', 'nodes', 'clock', 'operator'] as const

/** The condition whose alerts have this trouble as their details; never: it raises none. */
type ConditionOf<Code extends TroubleCode> = {
  [Condition in AlertCondition]: Extract<Trouble, { code: Code }> extends AlertDetails[Condition] ? Condition : never
}[AlertCondition]

/**
 * `level`: `error` is red, and fails `doctor`; `attention` is red, and a warning of `doctor`, since an operator caused it
 * or it is less urgent; `warning` is yellow, since it may pass by itself; `note` is grey: nothing is wrong. `page`: where the console fixes it, with its
 * anchor; null: on the page of its account, or nowhere. `ready`: the check of `/readyz` that lists it. `command` ends it
 * or shows more; its account is added. `alert`: the condition that it raises, if there is one.
 */
type Kind<Code extends TroubleCode> = readonly [
  level: 'error' | 'attention' | 'warning' | 'note',
  lights: readonly Light[],
  page:
    | 'deliveries'
    | 'deliveries#given-up'
    | 'deliveries#urls'
    | 'nodes'
    | 'nodes#backups'
    | 'alerts'
    | 'settings'
    | null,
  ready: (typeof TROUBLE_CHECKS)[number] | null,
  command: string | null,
  alert: [ConditionOf<Code>] extends [never] ? null : ConditionOf<Code>,
]

const GIVEN_UP = 'registration list --delivery exhausted'

/** All about a trouble but its words (`operator-texts/`) and when there is one (`store/stats/troubles.ts`). */
const KINDS: { readonly [Code in TroubleCode]: Kind<Code> } = {
  // level, lights, page, check of /readyz, command, alert
  no_service: ['attention', ['service', 'polls', 'deliveries', 'notices'], null, null, null, null],
  store_failing: ['error', ['service', 'polls', 'deliveries'], null, null, null, 'store.failing'],
  account_paused: ['error', ['polls'], null, 'accounts', null, 'account.paused'],
  account_paused_by_operator: ['attention', ['polls'], null, 'accounts', 'account resume', null],
  upstream_unreachable: ['error', ['polls'], null, 'upstream', null, 'upstream.unreachable'],
  upstream_slow: ['warning', ['polls'], null, null, null, 'upstream.slow'],
  polls_late: ['attention', ['polls'], 'settings', null, null, 'backlog.growing'],
  deliveries_held: ['attention', ['deliveries'], 'deliveries', 'deliveries', 'deliveries resume', null],
  deliveries_late: ['error', ['deliveries'], null, null, null, 'backlog.growing'],
  node_lost: ['attention', ['service'], 'nodes', 'nodes', null, 'node.lost'],
  node_differs: ['attention', ['service'], 'nodes', 'nodes', null, null],
  clock_wrong: ['error', ['clock'], null, 'clock', null, 'clock.wrong'],
  disk_low: ['attention', ['service'], null, null, null, 'disk.low'],
  operators_not_told: ['error', ['notices'], 'alerts', 'operator', 'notify-test', null],
  backup_failed: ['error', ['service'], 'nodes#backups', null, 'backup', 'backup.failed'],
  backup_stale: ['attention', ['service'], 'nodes#backups', null, null, 'backup.stale'],
  messages_exhausted: ['attention', ['deliveries'], 'deliveries#given-up', null, GIVEN_UP, null],
  messages_resent: ['warning', ['deliveries'], 'deliveries#given-up', null, null, null],
  callbacks_failing: ['warning', ['deliveries'], 'deliveries#urls', null, 'callback list', null],
  messages_held: ['attention', ['deliveries'], 'deliveries#urls', null, 'callback list', null],
  account_paused_idle: ['note', [], null, null, 'account resume', null],
}

export const troubleKind = (code: TroubleCode) => {
  const [level, lights, page, ready, command, alert] = KINDS[code]
  return { level, lights, page, ready, command, alert }
}

/** Returns the path below the console of the page that fixes an alert's condition; empty: the overview. */
export const pageOf = ({ condition, details }: Pick<Alert, 'condition' | 'details'>): string => {
  if ('account' in details) return `accounts/${encodeURIComponent(details.account)}`
  if ('code' in details) return troubleKind(details.code).page ?? ''
  const { partnerId: partner, host } = details
  const delivery = 'left' in details && details.left === 0 ? 'pending' : 'exhausted'
  if (condition === 'callback.disabled') return 'deliveries#urls'
  return condition === 'message.exhausted'
    ? `registrations?${new URLSearchParams({ partner, delivery })}`
    : `deliveries?${new URLSearchParams({ host })}`
}

type AlertingCode = { [Code in TroubleCode]: [ConditionOf<Code>] extends [never] ? never : Code }[TroubleCode]
type AlertingTrouble = Extract<Trouble, { code: AlertingCode }>

const subjectOf = (trouble: AlertingTrouble): string => {
  switch (trouble.code) {
    case 'account_paused':
    case 'upstream_unreachable':
    case 'upstream_slow':
      return trouble.account
    case 'polls_late':
      return `poll ${trouble.account}`
    case 'deliveries_late':
      return 'deliver'
    case 'node_lost':
    case 'clock_wrong':
      return trouble.node
    case 'store_failing':
      return 'database'
    case 'disk_low':
      return 'disk'
    case 'backup_failed':
    case 'backup_stale':
      return 'backup'
  }
}

/** Returns the alert of a trouble, or null if operators are not notified of it: they made it, or the pages show it. */
export const alertOf = (trouble: Trouble): Pick<Alert, 'condition' | 'subject' | 'details'> | null => {
  const { alert: condition } = troubleKind(trouble.code)
  if (condition === null) return null
  const details = trouble as AlertingTrouble
  return { condition, subject: subjectOf(details), details }
}
