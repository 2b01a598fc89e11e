import { Command, InvalidArgumentError, Option } from 'commander'
import { readDuration } from '../core/duration.ts'
import { ROLES } from '../core/role.ts'
import { VERSION } from '../version.ts'

const SETTINGS_HELP_HINT = `
Settings come from the environment, or from a file .env in the current folder.
"idface-notifier settings" lists them all, "settings --lang zh" in Chinese.`

const json = () => new Option('--json', 'print JSON, for programs')
const lang = () => new Option('--lang <lang>', 'language; the default goes by LANG').choices(['en', 'zh'])

const reason = () => new Option('--reason <text>', 'why, for the audit')

const duration = (text: string) => {
  const ms = readDuration(text)
  if (ms !== null && ms > 0) return ms
  throw new InvalidArgumentError('It must be a duration, such as 30d.')
}

const wholeNumber = (min: number, max: number) => (text: string) => {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= min && number <= max) return number
  throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
}

/** Each command's code is loaded when it runs, so that `--help` answers at once. */
export const createProgram = (): Command => {
  const program = new Command('idface-notifier')
    .description("Asks ihuyi's idface GetResult until there is a verdict, then POSTs a signed webhook.")
    .version(VERSION)
    .exitOverride(error => process.exit(error.exitCode === 0 ? 0 : 2))
    .showHelpAfterError('(--help lists what there is)')

  program
    .command('serve')
    .description('run the API, the poller and the deliverer in this process')
    .addOption(new Option('--lang <lang>', 'language of the list of settings in --help').choices(['en', 'zh']))
    .option('--hold', 'send no webhook until "deliveries resume"; all else goes on')
    .addHelpText('after', SETTINGS_HELP_HINT)
    .action(async options => (await import('./serve.ts')).serve(options))

  program
    .command('migrate')
    .description('bring the database to the current schema; serve does this too')
    .addOption(json())
    .action(async options => (await import('./database.ts')).migrate(options))

  program
    .command('prune')
    .description('erase what is older than RETENTION, now')
    .addOption(json())
    .action(async options => (await import('./database.ts')).prune(options))

  program
    .command('rekey')
    .description('move all that is sealed under MASTER_KEY_PREVIOUS to MASTER_KEY; may be stopped and started again')
    .addOption(json())
    .action(async options => (await import('./database.ts')).rekey(options))

  program
    .command('settings')
    .description('list every setting with its default and meaning')
    .addOption(new Option('--lang <lang>', 'language').choices(['en', 'zh']).default('en'))
    .action(async ({ lang }) => {
      const { settingsHelp } = await import('../config/settings.ts')
      process.stdout.write(`${settingsHelp(lang)}\n`)
    })

  addBackupCommands(program)
  addPartnerCommands(program)
  addKeyCommands(program)
  addAdminTokenCommands(program)

  program
    .command('demo')
    .description('see it work: simulator, service and receiver in one process, in under 30 seconds')
    .option('--keep', 'leave it running afterwards')
    .addOption(new Option('--lang <lang>', 'language').choices(['en', 'zh']))
    .action(async options => (await import('./demo/demo.ts')).demo(options))

  program
    .command('simulate')
    .description('run the simulator of GetResult alone')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .addOption(new Option('--port <port>', '0 takes a free one').default(8090).argParser(wholeNumber(0, 65_535)))
    .option('--account <apiId>', 'APIID that it accepts', 'simulator')
    .option('--api-key <key>', 'APIKEY that it accepts', 'simulator-key')
    .addOption(json())
    .action(async options => (await import('./simulate.ts')).simulate(options))

  return program
}

const addBackupCommands = (program: Command) => {
  program
    .command('backup <file>')
    .description('back up the database into a new file, also while the service runs; the copy is checked')
    .addOption(json())
    .addOption(lang())
    .action(async (file, options) => (await import('./backup.ts')).backup(file, options))
  program
    .command('restore <file>')
    .description('put a backup in the place of the database, which is kept; the service must be stopped')
    .option('--yes', 'do not ask, for scripts')
    .option('--hold', 'the service then sends no webhook until "deliveries resume"')
    .option('--without-manifest', 'look through the backup instead of comparing it with its manifest')
    .addOption(json())
    .addOption(lang())
    .action(async (file, options) => (await import('./backup.ts')).restore(file, options))
  const deliveries = program.command('deliveries').description('hold and resume the sending of webhooks')
  deliveries
    .command('hold')
    .description('send no webhook until they are resumed, also after a restart; nothing is lost')
    .addOption(reason())
    .addOption(json())
    .addOption(lang())
    .action(async options => (await import('./deliveries.ts')).holdDeliveries(options))
  deliveries
    .command('resume')
    .description('send again, what has waited first')
    .addOption(reason())
    .addOption(json())
    .addOption(lang())
    .action(async options => (await import('./deliveries.ts')).resumeDeliveries(options))
}

const addPartnerCommands = (program: Command) => {
  const partner = program.command('partner').description('create, list, disable and enable partners')
  partner
    .command('create <name>')
    .description('create a partner; its API key and signing secret are shown this once')
    .addOption(reason())
    .addOption(json())
    .action(async (name, options) => (await import('./partner.ts')).createPartner(name, options))
  partner
    .command('list')
    .description('list the partners, oldest first')
    .addOption(json())
    .action(async options => (await import('./partner.ts')).listPartners(options))
  for (const [verb, disabled, what] of [
    ['disable', true, 'its keys stop working, and nothing is polled or sent for it; nothing is lost'],
    ['enable', false, 'polls and webhooks go on where they stopped'],
  ] as const)
    partner
      .command(`${verb} <id>`)
      .description(`${verb} a partner: ${what}`)
      .addOption(reason())
      .addOption(json())
      .action(async (id, options) => (await import('./partner.ts')).setPartnerDisabled(id, { ...options, disabled }))
}

const addKeyCommands = (program: Command) => {
  const key = program.command('key').description("create, list and revoke a partner's API keys")
  key
    .command('create <partnerId>')
    .description('create a further API key; it is shown this once')
    .addOption(reason())
    .addOption(json())
    .action(async (partnerId, options) => (await import('./partner.ts')).createKey(partnerId, options))
  key
    .command('list <partnerId>')
    .description("list a partner's API keys")
    .addOption(json())
    .action(async (partnerId, options) => (await import('./partner.ts')).listKeys(partnerId, options))
  key
    .command('revoke <keyId>')
    .description('revoke an API key; it stops within two seconds')
    .addOption(reason())
    .addOption(json())
    .action(async (keyId, options) => (await import('./partner.ts')).revokeKey(keyId, options))
}

const addAdminTokenCommands = (program: Command) => {
  const token = program.command('admin-token').description('create, list and revoke tokens of operators for /v1/admin')
  token
    .command('create <name>')
    .description('create a token for the operator NAME; it is shown this once')
    .addOption(new Option('--role <role>', 'what it may do').choices(ROLES).makeOptionMandatory())
    .addOption(new Option('--expires <duration>', 'when it ends by itself, such as 90d').argParser(duration))
    .addOption(reason())
    .addOption(json())
    .addOption(lang())
    .addHelpText(
      'after',
      '\nread looks; operate also pauses, resends and the like; admin also creates partners, keys and accounts.',
    )
    .action(async (name, options) => (await import('./admin-token.ts')).createToken(name, options))
  token
    .command('list')
    .description('list the tokens, oldest first')
    .addOption(json())
    .addOption(lang())
    .action(async options => (await import('./admin-token.ts')).listTokens(options))
  token
    .command('revoke <id>')
    .description('revoke a token; it stops within two seconds')
    .addOption(reason())
    .addOption(json())
    .addOption(lang())
    .action(async (id, options) => (await import('./admin-token.ts')).revokeToken(id, options))
}
