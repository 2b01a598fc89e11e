import { roundedRate, showBytes, showSeconds, showSpan } from '../show-sizes.ts'
import { LATE_MS } from '../trouble.ts'
import { atLeast, type Catalogue, FULL_BYTES, isAhead, isConfused, remedyOf, showPartner } from './catalogue.ts'
import { DATABASE_FILE, faultOfServed } from './database-fault.ts'
import { GIVEN_UP_EN } from './given-up.ts'
import { BACKUP_FAULTS, showError } from './overview.ts'

const PAGE =
  "Open the account's page in the console, enter the right APIKEY and save (or PATCH /v1/admin/accounts/APIID): it is tried at once."
const SETTINGS =
  'For the account of IHUYI_ACCOUNT, correct IHUYI_API_KEY too (as shipped, in /etc/idface-notifier/settings, or its IHUYI_API_KEY_FILE): the next start takes it from there.'

const FAULTS: Catalogue['faults'] = {
  egress_ip: {
    sentence: 'GetResult does not accept calls from the IP address of this service',
    remedy: "Have the vendor register this machine's egress address.",
  },
  credentials_missing: {
    sentence: 'GetResult found no APIID or no password in the call',
    remedy: 'Check IHUYI_ACCOUNT, IHUYI_API_KEY and IHUYI_METHOD, and any proxy between the service and GetResult.',
  },
  app_missing: { sentence: 'the APIID has no such application', remedy: 'Ask the vendor.' },
  credentials_wrong: {
    sentence: 'the APIID or the APIKEY is wrong',
    page: PAGE,
    remedy: `${SETTINGS}\nIf the APIID is mistyped: correct IHUYI_ACCOUNT, restart, and cancel the registrations of the wrong one.`,
  },
  frozen: { sentence: 'the account is frozen', remedy: 'Ask the vendor to unfreeze it.' },
  clock: {
    sentence: 'the clocks of this service and of GetResult differ too much',
    remedy: 'Synchronize this machine\'s clock: "sudo timedatectl set-ntp true".',
  },
  password_refused: {
    sentence: 'GetResult does not accept the password',
    page: PAGE,
    remedy: `${SETTINGS}\nIf the APIKEY and the clock ("timedatectl") are right, try the password mode static, for the account of IHUYI_ACCOUNT by IHUYI_PASSWORD_MODE=static and a restart.`,
  },
  no_contract: {
    sentence: 'the account has no contract for this product',
    remedy: 'Sign the contract for this product with the vendor.',
  },
  password_or_balance: {
    sentence: 'the password is wrong or the balance is used up',
    page: `Check the balance first. If the APIKEY is wrong: ${PAGE}`,
    remedy: `${SETTINGS}\nIf the balance is used up, top it up with the vendor.`,
  },
  serial_not_received: {
    sentence: 'GetResult receives no serial in nearly all calls',
    remedy:
      'If only a few serials are polled, they may be malformed: have the partner compare them with those that Submit returned. A correct one resumes the account within a minute, and the malformed ones then end as invalid_id, at their deadline at the latest. Otherwise check IHUYI_METHOD, and any proxy between the service and GetResult.',
  },
  unknown_code: {
    sentence: 'GetResult answers nearly all calls with an undocumented code',
    remedy: 'Ask the vendor what the code means.',
  },
}

const DATABASE_REMEDIES: Catalogue['databaseRemedies'] = {
  disk_full: 'Free some space or enlarge the disk, or the quota of the service.',
  not_ours:
    'Give the file, its -wal and -shm, and its folder to the user of the service (chown), or name another path.',
  read_only:
    'It is read-only: mount the disk of the database for writing, and give the file, its -wal and -shm, and its folder to the user of the service (chown).',
  locked:
    'Another session keeps the database busy: "idface-notifier doctor --only locks" names it, and the SQL that ends it.',
  file_locked: `Another process keeps the database busy. "fuser -v ${DATABASE_FILE}" lists the processes that have it open: end the one that is not the service, such as a sqlite3 shell or a backup tool.`,
  server_full: 'Make room on the disk of the PostgreSQL server.',
  connections: 'Raise max_connections of PostgreSQL, or end the sessions that hold its connections.',
  standby: 'DATABASE_URL leads to a standby, or the server refuses writes: point it to the primary.',
  password:
    'PostgreSQL refuses this password. If it was changed, correct it in DATABASE_URL (with special characters percent-encoded, such as %40 for @) and restart each node, or set it with ALTER ROLE … PASSWORD.',
  login:
    'PostgreSQL does not let this user in from here: create the role, and a line for it in pg_hba.conf; if that line requires TLS, add ?sslmode=verify-full.',
  tls: 'TLS fails: check sslmode, the host that the certificate names, and sslrootcert=FILE with the certificate of its authority.',
  no_database: 'PostgreSQL has no database of this name: create it (CREATE DATABASE), or correct the name.',
  rights:
    'PostgreSQL refuses our statements: rights or tables are missing, and "idface-notifier doctor" says which. Make the user the owner of the database (ALTER DATABASE … OWNER TO …).',
  absent:
    'Nothing answers there: start PostgreSQL or its pooler ("systemctl status postgresql"), or correct the address, or the path of the file.',
  no_host: 'The host of the database is not found: correct it, or check the name servers of this machine.',
  unreachable:
    'PostgreSQL does not answer: start it if it does not run ("systemctl status postgresql"), and check its host, the network, and any pooler between, where clients may wait for a connection (SHOW POOLS).',
  other: 'Check the logs of the service, the database and the system.',
}

const CHANNEL_REMEDIES: Catalogue['channelRemedies'] = {
  signature:
    "Set OPERATOR_SECRET to the signing secret of the robot or the receiver, and synchronize this machine's clock (NTP).",
  key: 'Copy the webhook address of the robot into OPERATOR_URL again; the robot may have been removed from the chat, or the chat deleted.',
  keyword: 'Add the keyword idface-notifier to the robot: it accepts only messages that contain one of its keywords.',
  address: 'Add the egress address of this machine to the addresses that the robot accepts.',
  content: 'The robot refuses the text of this message and may accept others. If it refuses all of them, report it.',
  later:
    'If this does not pass by itself, check DNS, the network and any firewall between this machine and OPERATOR_URL; if the receiver has answered, check its log.',
}

const TROUBLES: Catalogue['troubles'] = {
  store_failing: ({ error, file = DATABASE_FILE, node }) => ({
    sentence: `${node ? `On the node ${node} the` : 'The'} database cannot be written (${error}): registrations are refused, nothing is polled and no webhook is sent. Stored data is kept.`,
    remedy: `${DATABASE_REMEDIES[faultOfServed(error)].replace(DATABASE_FILE, file)} The service then goes on by itself. ${/^SQLITE_(BUSY|LOCKED)/.test(error) ? 'See "A locked database" in docs/operations.md.' : error.startsWith('SQLITE_') ? 'Do not stop it on a full disk: see "Disk full, or read-only" in docs/operations.md.' : 'See docs/postgresql.md.'}`,
  }),
  no_service: () => ({
    sentence: 'No service is running on this database: nothing is polled and no webhook is sent.',
    remedy:
      'Start it as before (npm start, systemctl start idface-notifier), and see the last lines of its log for why it ended.',
  }),
  account_paused: ({ account, since, reason, upstreamCode, nextTryAt, isRemoved }, { at, showTime }) => ({
    sentence: `Account ${account}${isRemoved ? ', which is removed,' : ''} has been paused since ${showTime(since)}: ${FAULTS[reason].sentence} (code ${upstreamCode ?? '-'}). Its serials wait${reason === 'serial_not_received' ? '' : '; none of them expires'}. ${isAhead(nextTryAt, at) ? `It is tried again at ${showTime(nextTryAt)}` : 'The service tries it again by itself'}.`,
    remedy: isRemoved
      ? 'If its APIKEY no longer works, add the account again with the right one: its serials go on. Or cancel its registrations.'
      : remedyOf(FAULTS[reason]),
    commands: isRemoved
      ? [`"idface-notifier account create ${account} --api-key-file FILE" adds it again.`]
      : [`\n$ idface-notifier account resume ${account}`],
  }),
  account_paused_by_operator: ({ account, since }, { showTime }) => ({
    sentence: `An operator paused account ${account} at ${showTime(since)}. Its serials wait.`,
    remedy: 'Resume it when it may be used again.',
    commands: [`"idface-notifier account resume ${account}" resumes it.`],
  }),
  account_paused_idle: ({ account, since }, { showTime }) => ({
    sentence: `An operator paused account ${account} at ${showTime(since)}, and no serial waits for it.`,
    remedy: 'Resume it when it is to be used again.',
    commands: [`"idface-notifier account resume ${account}" resumes it.`],
  }),
  upstream_unreachable: ({ account, since, error, nextTryAt }, { at, showTime }) => ({
    sentence: `${isConfused(error) ? `GetResult has answered calls of account ${account} since ${showTime(since)}, but not with the JSON that is expected` : `GetResult has been unreachable with account ${account} since ${showTime(since)}`} (${error}). Its serials wait; none of them expires within a day.`,
    remedy: `${isConfused(error) ? 'Check IHUYI_URL, and whether a proxy or another page answers in place of GetResult; if not, ask the vendor' : /CERT_(HAS_EXPIRED|NOT_YET_VALID)/.test(error) ? "Check the clock of this machine (timedatectl); if it is right, GetResult's certificate has expired or is not valid yet: tell the vendor" : 'Check DNS, the network, firewalls and proxies of this machine; if they work, ask the vendor'}. The service goes on by itself as soon as GetResult answers as it should${isAhead(nextTryAt, at) ? `; the next try is at ${showTime(nextTryAt)}` : ''}.`,
  }),
  upstream_slow: ({ account, ms }) => ({
    sentence: `GetResult answers calls of account ${account} after ${showSeconds(ms, 'en')} on average.`,
    remedy:
      'Results are found that much later. If it does not pass by itself, tell the vendor; if serials wait as well, raise UPSTREAM_CONCURRENCY and restart.',
  }),
  polls_late: ({ account, since, due, isCapped, most, rateNow, answers, isSlow, etaMs }, { showTime }) => ({
    sentence: `Polls of account ${account} have been late since ${showTime(since)}: ${atLeast(due, isCapped)} are due${etaMs === null ? '' : `, and one round of calls takes ${isCapped ? 'more than' : 'about'} ${showSpan(etaMs, 'en')} at ${roundedRate(rateNow)} calls a second`}. ${answers === null ? 'How long GetResult takes to answer is not known.' : `GetResult takes ${showSeconds(answers.ms, 'en')} to answer, and ${answers.calls} calls are made at a time.`}${most ? ` Partner ${showPartner(most)} has the most pending registrations: ${most.waiting}.` : ''}`,
    remedy: `${most ? `If ${showPartner(most)} registers more than it should, limit what it may have pending, and cancel the rest (the page Bulk acts). ` : ''}${isSlow ? 'The response time of GetResult limits the rate, not UPSTREAM_RATE: raise UPSTREAM_CONCURRENCY, and tell the vendor how long GetResult takes.' : 'After an outage or a large batch this goes away by itself. If it stays, more serials wait than can be polled within POLL_MAX_INTERVAL: have the vendor allow more calls and raise UPSTREAM_RATE, or raise POLL_MIN_INTERVAL and POLL_MAX_INTERVAL to poll less often.'}`,
    commands: most ? [`\n$ idface-notifier partner set ${most.partnerId} --max-pending 1000`] : [],
  }),
  deliveries_held: ({ since, due, isCapped }, { showTime }) => ({
    sentence: `An operator has held all webhooks since ${showTime(since)}: ${atLeast(due, isCapped)} are due, and none is sent.`,
    remedy: 'Resume them when they may go out.',
    commands: ['"idface-notifier deliveries resume" resumes them.'],
  }),
  deliveries_late: ({ since, due, isCapped }, { at, showTime }) => ({
    sentence: `Webhooks have been late since ${showTime(since)}, and the oldest has been due for ${showSpan(at - since + LATE_MS, 'en')}: ${atLeast(due, isCapped)} are due.`,
    remedy:
      'After a start or an interruption of the service this goes away by itself. If it stays, look in the log for delivery.round_failed and delivery.settle_delayed (the database), then for many attempts that fail with the same error (DNS, egress, proxy). If one host does not answer, tell its partner: more slots would not help. If receivers are slow, raise CALLBACK_CONCURRENCY.',
  }),
  node_lost: ({ node, since, undone }, { showTime }) => ({
    sentence: `The node ${node} has not reported since ${showTime(since)}. ${undone ? `No other node has ${undone.join(', ')} in its ROLES, so this work is not done.` : 'Other nodes with its ROLES do its work.'}`,
    remedy:
      'Check whether its process runs and reaches the database, and start it again. If it will not come back, start another node with its ROLES in its place; without one, the lost node is removed from the list after a day.',
  }),
  node_differs: ({ node, since, differsIn, settings }, { showTime }) => ({
    sentence: `Since ${showTime(since)} the node ${node} differs from the one started last: ${differsIn.map(trait => (trait === 'settings' && settings.length > 0 ? `settings (${settings.join(', ')})` : TRAITS[trait])).join(', ')}.`,
    remedy:
      'During an upgrade this passes. Otherwise give all nodes the same version, the same settings (except ROLES and those of the machine itself) and the same MASTER_KEY (during a rekey also the previous one, as MASTER_KEY_PREVIOUS), and restart those that were wrong: the one started last may be the wrong one.',
  }),
  clock_wrong: ({ node, aheadMs }) => ({
    sentence: `The clock of ${node} is ${showSpan(Math.abs(aheadMs), 'en', Math.round)} ${aheadMs > 0 ? 'behind' : 'ahead of'} GetResult's. Receivers refuse webhooks whose time is minutes off.${aheadMs > 0 ? '' : ' A clock far ahead ends registrations that wait, and erases what is then past RETENTION, for good.'}`,
    remedy:
      'Synchronize the clock of that machine: run "sudo timedatectl set-ntp true" there, and "timedatectl" to check. If the machine is right, the clock of GetResult is wrong, and the service adjusts its calls to it. The service needs no restart.',
  }),
  disk_low: ({ freeBytes }) => ({
    sentence:
      freeBytes < FULL_BYTES
        ? `The disk of the database is full (${showBytes(freeBytes)} left): registrations are refused now.`
        : `The disk of the database has ${showBytes(freeBytes)} left. When it is full, registrations are refused.`,
    remedy:
      'Free some space or enlarge the disk; then shorten RETENTION and run "idface-notifier prune". Do not stop the service on a full disk.',
  }),
  backup_failed: ({ since, reason, path }, { showTime }) => ({
    sentence: `The ${path ? `backup to ${path}` : 'last backup'} failed at ${showTime(since)} (${BACKUP_FAULTS[reason]?.en ?? reason}).`,
    remedy: `Run "idface-notifier backup ${path ?? 'FILE'}" by hand: it says what to do. Only a good backup in that folder ends this, or one elsewhere 36 hours after the last attempt there. See docs/backup.md.`,
  }),
  backup_stale: ({ madeAt, path }, { at, showTime }) => ({
    sentence:
      madeAt === null
        ? 'The database has never been backed up.'
        : `The last good backup was made ${showSpan(at - madeAt, 'en', Math.floor)} ago, at ${showTime(madeAt)} (${path}).`,
    remedy:
      'Check that the job that makes backups still runs (that of cron: "journalctl -u cron"), and make one now. See docs/backup.md.',
  }),
  operators_not_told: ({ since, channel, problem, error }, { showTime }) => ({
    sentence: `No notice has reached the operators since ${showTime(since)}: OPERATOR_URL (${channel}) ${problem === null ? `accepts no notice (${error}), and is tried every 15 minutes` : `refuses all notices (${problem}: ${error}), and is tried every hour`}. Unsent notices are kept.`,
    remedy: `${CHANNEL_REMEDIES[problem ?? 'later']} "idface-notifier notify-test" tries it; a restart sends the rest at once. See "Alerts" in docs/operations.md.`,
  }),
  ...GIVEN_UP_EN.troubles,
  callbacks_failing: ({ worst, hosts }, { showTime }) => ({
    sentence: `Every attempt fails: ${worst
      .map(
        ({ host, urls, since, error, waiting, partnerName }) =>
          `${urls === 1 ? 'a callback URL' : `${urls} callback URLs`} of partner ${partnerName} at ${host} since ${showTime(since)} (${showError(error, 'en')}; ${waiting === 1 ? '1 webhook waits' : `${waiting} webhooks wait`})`,
      )
      .join(', ')}${hosts > worst.length ? `, and ${hosts - worst.length} more hosts` : ''}.`,
    remedy: 'Tell the partners. If many fail with the same error, check DNS, egress and proxy of this machine.',
    commands: ['"idface-notifier callback list" shows the URLs, since when and why.'],
  }),
  messages_held: ({ held, urls }) => ({
    sentence: `${held === 1 ? '1 webhook is' : `${held} webhooks are`} on hold. Callback URLs that answered 410, or are disabled after five days of failures or by an operator: ${urls}.`,
    remedy:
      'Ask the partners to test their URL (POST /v1/callbacks/test) or register it again. To try it, resend one webhook: it is sent alone, and a 2xx releases the others. A URL that an operator disabled needs an operator to enable it.',
    commands: [
      '"idface-notifier callback list" shows the URLs, and "idface-notifier callback enable URL --partner PARTNER" enables one.',
    ],
  }),
}

const TRAITS: Catalogue['traits'] = { version: 'version', settings: 'settings', key: 'master key' }

export const EN: Catalogue = {
  troubles: TROUBLES,
  faults: FAULTS,
  databaseRemedies: DATABASE_REMEDIES,
  channelRemedies: CHANNEL_REMEDIES,
  traits: TRAITS,
  own: {
    'upstream.unknown_status': ({ account, status }) => ({
      sentence: `GetResult answered the undocumented status ${status} for account ${account}. Polling goes on.`,
      remedy: 'Ask the vendor what it means; if it is a verdict, the service needs an update.',
    }),
    'callback.failing': ({ host, since, error, ...whose }, { showTime }) => ({
      sentence: `Webhooks of partner ${showPartner(whose)} to a URL at ${host} have all failed since ${showTime(since)} (${showError(error, 'en')}). They are retried.`,
      remedy: 'Tell the partner, who sees the errors at GET /v1/registrations/{id}/attempts.',
      commands: ['"idface-notifier callback list" shows the URL.'],
    }),
    'callback.disabled': ({ host, since, error, ...whose }, { showTime }) => ({
      sentence: `A callback URL of partner ${showPartner(whose)} at ${host} is disabled: every attempt has failed since ${showTime(since)} (${showError(error, 'en')}). Its webhooks are held until RETENTION erases them, one after the other.`,
      remedy:
        'Tell the partner: a registration of the URL, or a test that succeeds, enables it again. You can enable it too.',
      commands: ['"idface-notifier callback list" shows the URL, and "idface-notifier callback enable" enables it.'],
    }),
    ...GIVEN_UP_EN.own,
  },
  titles: {
    'account.paused': 'upstream account paused',
    'upstream.unreachable': 'no usable answer from GetResult',
    'upstream.slow': 'GetResult answers slowly',
    'upstream.unknown_status': 'unknown status of GetResult',
    'backlog.growing': 'polls or webhooks late',
    'callback.failing': 'callback URL failing',
    'callback.disabled': 'callback URL disabled',
    'message.exhausted': 'webhooks given up',
    'node.lost': 'node lost',
    'clock.wrong': 'clock wrong',
    'backup.failed': 'backup failed',
    'backup.stale': 'no recent backup',
    'disk.low': 'disk nearly full',
    'store.failing': 'database cannot be written',
  },
  states: { firing: 'ALERT: ', resolved: 'RESOLVED: ' },
  times: count => ` (${count} occurrences)`,
  lasted: (since, until, span) => `It lasted from ${since} to ${until}, ${span}.`,
  ended: until => `It ended at ${until}. A clock was set back meanwhile, so its duration is unknown.`,
  test: {
    title: 'TEST: this channel works',
    sentence: 'This is a test. Nothing is wrong.',
    remedy: '',
  },
  contact: {
    'callback.failing': urls => ({
      sentence: `Every attempt has failed, the last one with this error: ${urls}. Webhooks are retried.`,
      remedy: 'Fix the receiver, and send it a test (POST /v1/callbacks/test).',
    }),
    'callback.disabled': urls => ({
      sentence: `No more webhooks are sent there, because every attempt failed, the URL answered 410, or the operator disabled it: ${urls}. Webhooks wait until RETENTION erases them.`,
      remedy:
        'Once the receiver works, send it a test (POST /v1/callbacks/test): a 2xx enables it. A URL that the operator disabled needs the operator to enable it.',
    }),
    over: urls => `No longer failing or held: ${urls}.`,
    since: time => `since ${time}`,
    others: count => ` and ${count} more`,
  },
  toDo: 'What to do: ',
  page: anchor => `More: “${anchor}” on the page Operations (operations.md)`,
  openPage: 'Open in the console',
  several: count => `${count} events`,
  more: (count, types) => `and ${count} more: ${types}`,
}
