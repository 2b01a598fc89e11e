import { textOf } from './files.ts'

export interface Panel {
  id: number
  type: string
  title: string
  description?: string
  datasource?: { uid: string }
  targets?: { expr: string; datasource: { uid: string } }[]
  fieldConfig?: { defaults: { thresholds: { steps: { value: number | null }[] } } }
  gridPos: { x: number; y: number; w: number; h: number }
}

interface Dashboard {
  panels: Panel[]
}

const { panels } = JSON.parse(textOf('deploy/grafana/idface-notifier.json')) as Dashboard

/** All that show something. */
export const PANELS = panels.filter(({ type }) => type !== 'row')
export const QUERIES = PANELS.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))
