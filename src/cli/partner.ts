import { createIds, random } from '../app/clock-and-ids.ts'
import type { Language } from '../core/language.ts'
import { newPartner } from '../core/new-partner.ts'
import { viewPartner } from '../http/admin/partners.ts'
import type { Partner, Store } from '../store/store.ts'
import { audited } from './audit.ts'
import { print, refuse, withStore } from './environment.ts'
import type { Common } from './frame/command.ts'
import { listJson, showTable, showTime, zoneName } from './frame/output.ts'
import { addressOf, exportsOf } from './partner-environment.ts'

const PAGE = 250

interface PartnerTexts {
  created: (name: string, id: string) => string
  head: (zone: string) => string[]
  yes: string
  no: string
  disabled: (name: string) => string
  enabled: (name: string) => string
  noPartner: (id: string) => string
}

const en: PartnerTexts = {
  created: (name, id) =>
    `Created ${name} (${id}). Partners of one account have to trust each other: the first to register a serial gets its verdict. "account create … --partner ${id}" gives this one its own. The key and the secret are shown this once; keep them. To paste into a shell:`,
  head: zone => ['id', 'name', 'disabled', `created (${zone})`],
  yes: 'yes',
  no: 'no',
  disabled: name => `${name} is disabled.`,
  enabled: name => `${name} is enabled.`,
  noPartner: id => `There is no partner ${id}; "partner list" shows them.`,
}

const zh: PartnerTexts = {
  created: (name, id) =>
    `已新建 ${name}（${id}）。共用一个上游账户的合作方须相互信任：流水号归先登记的一方，结果也只发给它。要让它独用一个账户，请运行 "account create … --partner ${id}"。以下密钥仅显示这一次，请妥善保存；可整段粘贴到终端：`,
  head: zone => ['id', '名称', '已停用', `创建时间（${zone}）`],
  yes: '是',
  no: '否',
  disabled: name => `已停用 ${name}。`,
  enabled: name => `已启用 ${name}。`,
  noPartner: id => `没有合作方 ${id}；可用 "partner list" 查看。`,
}

const TEXTS: Readonly<Record<Language, PartnerTexts>> = { en, zh }

export const createPartner = ({ name, json, lang, reason }: Common & { name: string }): Promise<void> =>
  withStore(lang, async (store, { server }) => {
    const { partner, apiKey, signingSecret } = newPartner(name, { newId: createIds(), random })
    const { id, name: stored } = await audited(store, { act: 'partner.create', object: partner.id, reason }, () =>
      store.createPartner(partner),
    )
    if (json) return print(JSON.stringify({ partnerId: id, name: stored, apiKey, signingSecret }))
    print(`${TEXTS[lang].created(stored, id)}\n\n${exportsOf({ url: addressOf(server), apiKey, signingSecret })}\n`)
  })

export const listPartners = ({ json, lang }: Common): Promise<void> =>
  withStore(lang, async store => {
    const partners = await allPartners(store)
    if (json) return print(listJson(partners.map(viewPartner)))
    const { head, yes, no } = TEXTS[lang]
    const rows = partners.map(one => [one.id, one.name, one.disabled ? yes : no, showTime(one.createdAt, lang)])
    print(showTable(head(zoneName(lang)), rows, lang))
  })

const setDisabled = (id: string, disabled: boolean, { json, lang, reason }: Common): Promise<void> =>
  withStore(lang, async store => {
    const texts = TEXTS[lang]
    const act = { act: disabled ? 'partner.disable' : 'partner.enable', object: id, reason }
    const partner = await audited(store, act, () => store.changePartner(id, { disabled }))
    const { name } = partner ?? refuseNoPartner(id, lang)
    print(json ? JSON.stringify({ id, name, disabled }) : texts[disabled ? 'disabled' : 'enabled'](name))
  })

export const disablePartner = ({ id, ...common }: Common & { id: string }): Promise<void> =>
  setDisabled(id, true, common)

export const enablePartner = ({ id, ...common }: Common & { id: string }): Promise<void> =>
  setDisabled(id, false, common)

/** Ends the process. */
export const refuseNoPartner = (id: string, lang: Language): never => refuse(TEXTS[lang].noPartner(id))

const allPartners = async (store: Store): Promise<Partner[]> => {
  const partners: Partner[] = []
  for (;;) {
    const page = await store.listPartners({ limit: PAGE, after: partners.at(-1)?.id ?? null })
    partners.push(...page)
    if (page.length < PAGE) return partners
  }
}
