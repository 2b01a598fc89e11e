import { existsSync } from 'node:fs'
import { cp, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { run } from '../package/install.ts'
import { openFolder } from '../support/service.ts'
import { ROOT, textOf } from './files.ts'

const FOLDER = 'deploy/docker'
const dockerfile = textOf(`${FOLDER}/Dockerfile`)
const [, build = '', image = ''] = dockerfile.split(/^FROM /m)
const compose = textOf(`${FOLDER}/compose.yaml`)
const manifest = JSON.parse(textOf('package.json')) as { version: string; files: string[]; bin: Record<string, string> }

/** What a stage copies from the project's folder; `from` another stage it is that stage's affair. */
const copiedBy = (stage: string): string[] =>
  [...stage.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) => paths.split(' '))

// No image could be built where this was written: these are the mistakes that can be found without one.
describe('the shipped Dockerfile', () => {
  test.each([...copiedBy(build), ...copiedBy(image)])('copies %s, which is there and not ignored', path => {
    expect(existsSync(join(ROOT, path))).toBe(true)
    expect(textOf(`${FOLDER}/Dockerfile.dockerignore`).split('\n')).toContain(`!${path}`)
  })

  test('copies what the build reads', async () => {
    await using folder = await openFolder()
    for (const path of copiedBy(build)) await cp(join(ROOT, path), join(folder.path, path), { recursive: true })
    await symlink(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'))
    expect(await run('npm', ['run', '--silent', 'build'], folder.path)).toMatchObject({ code: 0, stderr: '' })
    expect(existsSync(join(folder.path, `dist/served/client-${manifest.version}.tgz`))).toBe(true)
  }, 60_000)

  test('has in its image what the package has, but for the files of other deployments', () => {
    const fromBuild = [...image.matchAll(/^COPY --from=build (?:--\S+ )?\/app\/(\S+)/gm)].map(([, path]) => path)
    const missing = manifest.files.filter(path => ![...copiedBy(image), ...fromBuild].includes(path))
    expect(missing).toEqual(['deploy', '.env.example'])
    expect(fromBuild).toEqual(['package.json', 'node_modules', 'dist'])
  })

  test('runs the command of the package, as nobody, and asks whether it lives, not whether it is ready', () => {
    expect(image).toContain(`ENTRYPOINT ["/nodejs/bin/node", "${manifest.bin['idface-notifier']}"]`)
    expect(image).toMatch(/^gcr\.io\/distroless\/nodejs24-debian13:nonroot\n/)
    expect(image).toMatch(/^STOPSIGNAL SIGTERM$/m)
    expect(/HEALTHCHECK[^\n]*\n(.*)/.exec(image)?.[1]).toContain('/healthz')
  })
})

interface Compose {
  services: Record<string, { profiles: string[]; volumes: string[] }>
  volumes: Record<string, null>
}

describe('the shipped compose file', () => {
  const { services, volumes } = parse(compose, { uniqueKeys: true }) as Compose

  test('has the profiles that the page about a server names, and no service that runs without one', () => {
    const profiles = Object.fromEntries(Object.entries(services).map(([name, service]) => [name, service.profiles]))
    expect(profiles).toEqual({
      ...{ notifier: ['sqlite', 'postgres'], postgres: ['postgres'] },
      ...{ prometheus: ['monitoring'], grafana: ['monitoring'] },
    })
    const named = textOf('docs/server.md').matchAll(/--profile (\w+)/g)
    expect([...new Set([...named].map(([, name]) => name))].toSorted()).toEqual(['monitoring', 'postgres', 'sqlite'])
  })

  test('declares the volumes that it mounts, and mounts those that it declares', () => {
    const sources = Object.values(services).flatMap(service =>
      service.volumes.map(volume => volume.split(':')[0] ?? ''),
    )
    const mounted = sources.filter(source => !source.startsWith('.'))
    expect(mounted.toSorted()).toEqual(Object.keys(volumes).toSorted())
  })

  test.each([...compose.matchAll(/- (\.\.?\/[^:]+):\//g)].map(([, path = '']) => path))(
    'mounts %s, which is there',
    path => {
      expect(existsSync(join(ROOT, FOLDER, path))).toBe(true)
    },
  )

  test('takes all rights away, and gives the service time to stop', () => {
    for (const line of ['read_only: true', 'cap_drop: [ALL]', 'stop_grace_period: 15s', '127.0.0.1:8080:8080'])
      expect(compose).toContain(line)
  })

  test('has Prometheus configured as the shipped configuration is, but for the address', () => {
    const settingsOf = (text: string) =>
      text
        .split('\n')
        .filter(line => !/^\s*#/.test(line))
        .join('\n')
    const shipped = settingsOf(textOf('deploy/prometheus/prometheus.yml'))
    expect(settingsOf(textOf(`${FOLDER}/prometheus.yml`))).toBe(shipped.replace('127.0.0.1:8080', 'notifier:8080'))
  })
})
