import type { OperatorChannel } from '../core/operator-channel.ts'
import type { OperatorState } from '../core/operator-event.ts'
import { type EventEntry, field, TEXT } from './event-fields.ts'

const CHANNEL = field<OperatorChannel>('text')

/** How operators are told. */
export const OPERATOR_EVENTS = {
  'operator.event': {
    level: 'warn',
    fields: { type: TEXT, subject: TEXT, state: field<OperatorState>('text'), sentence: TEXT },
    meaning:
      'Something that operators have to see to has come (`firing`) or is over (`resolved`), and `sentence` says it: polls or webhooks are late (`backlog.growing`, `backlog.gone`), the database cannot be written, or does not answer (`store.failing`), the disk is nearly full (`disk.low`), a node is lost (`node.lost`), or has differed from the others for 15 minutes (`node.differs`). Looked at every 15 s, with `OPERATOR_URL` or without. What else operators are told of has an event of its own. See [being told](operations.md#being-told).',
  },
  'operator_event.ended': {
    level: 'debug',
    fields: { type: TEXT, outcome: field<'sent' | 'merged' | 'dropped' | 'failed'>('text') },
    meaning:
      'An operational event was told by itself (`sent`) or with others, as a count or in a digest (`merged`), could not be told this time (`failed`), or will not be (`dropped`: there are more than 1,000, or the robot refuses its text).',
  },
  'operator_channel.failing': {
    level: 'warn',
    fields: { channel: CHANNEL, error: TEXT, answer: TEXT },
    meaning:
      'What operators have to know could not be sent to `OPERATOR_URL`; it is kept, and tried again every 15 minutes at most. Reported once until `operator_channel.back`. See [being told](operations.md#being-told).',
  },
  'operator_channel.back': {
    level: 'warn',
    fields: { channel: CHANNEL },
    meaning: 'Operators are told again at `OPERATOR_URL`.',
  },
  'operator_channel.off': {
    level: 'error',
    fields: { channel: CHANNEL, problem: TEXT, error: TEXT, answer: TEXT, advice: TEXT },
    meaning:
      '`OPERATOR_URL` has refused three times in a row what will not pass by itself (`problem`: `signature`, `key`, `keyword`, `address`), so it gets one message an hour until it takes one (`operator_channel.back`); the others are kept, and `status`, `doctor` and the check `operator` of `/readyz` say so. Follow `advice`, and try it with `notify-test`; a restart sends at once. See [being told](operations.md#being-told).',
  },
  'operator_event.not_noted': {
    level: 'warn',
    fields: { error: field<unknown>('error') },
    meaning:
      'What operators have to know could not be written into the database; it is kept in memory and tried again every 5 s. Reported once until it works again.',
  },
} as const satisfies Record<string, EventEntry>
