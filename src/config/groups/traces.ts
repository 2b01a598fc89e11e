import { oneOf, type Parser, ratio } from '../parsers.ts'
import type { SettingGroup } from '../setting.ts'
import { collectorUrl } from '../url-parsers.ts'

/** By OpenTelemetry's rule: `true` in any case, and anything else is false. */
const openTelemetryFlag: Parser<boolean> = text => ({ ok: true, value: /^true$/i.test(text) })

/** OpenTelemetry's own names. */
const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

/** The other variables of OpenTelemetry are its SDK's, which reads them itself. */
export const TRACES = {
  title: { en: 'Traces', zh: '链路追踪' },
  settings: {
    endpoint: {
      name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
      parse: collectorUrl,
      default: null,
      en: 'The OpenTelemetry collector that spans are sent to (OTLP over HTTP, JSON), such as `http://127.0.0.1:4318`; `/v1/traces` is added. Without it there are no traces.',
      zh: '接收链路数据的 OpenTelemetry 收集器（OTLP/HTTP，JSON），例如 `http://127.0.0.1:4318`，会自动加上 `/v1/traces`；未设置则不产生链路数据。',
    },
    story: {
      name: 'TRACES',
      parse: oneOf('link', 'parent'),
      default: 'link',
      en: 'How polls and attempts belong to their registration: `link` makes each a trace of its own that links to it, `parent` puts all of a registration into one trace.',
      zh: '轮询与投递如何归属于其登记：`link` 表示各自成为独立的链路并链接到登记，`parent` 表示一次登记的全部过程都在同一条链路中。',
    },
    sampler: {
      name: 'OTEL_TRACES_SAMPLER',
      parse: oneOf(...SAMPLERS),
      default: 'parentbased_always_on',
      en: `Which traces are sent, one of ${SAMPLERS.join(', ')}; a caller's \`traceparent\` never decides. With \`parentbased_…\` what is in one trace with its registration (\`TRACES=parent\`) is sampled as that was.`,
      zh: `发送哪些链路：${SAMPLERS.join('、')} 之一；调用方的 \`traceparent\` 从不决定是否采样。\`parentbased_…\` 表示与登记同在一条链路中的（\`TRACES=parent\`）随该登记一同采样。`,
    },
    samplerRatio: {
      name: 'OTEL_TRACES_SAMPLER_ARG',
      parse: ratio,
      default: '1',
      en: 'The share of traces for a sampler whose name ends in `traceidratio`, from 0 to 1.',
      zh: '名称以 `traceidratio` 结尾的采样器所采的链路比例，0 到 1。',
    },
    disabled: {
      name: 'OTEL_SDK_DISABLED',
      parse: openTelemetryFlag,
      default: 'false',
      en: '`true` turns traces off, whatever else is set.',
      zh: '设为 `true` 时，无论其他如何设置，都不产生链路数据。',
    },
  },
} satisfies SettingGroup
