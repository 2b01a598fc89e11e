import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const DOCS = join(import.meta.dirname, '../../docs')
const PAGE = readFileSync(join(DOCS, 'frameworks.md'), 'utf8')
const sectionOf = (heading: string): string =>
  PAGE.split(/^## (?:<a id="[^"]*"><\/a>)?/m).find(one => one.startsWith(`${heading}\n`)) ?? ''
/** The code of a section, as it is pasted. */
const recipeOf = (heading: string): string =>
  readFileSync(join(DOCS, /\((frameworks\/.*)\)$/m.exec(sectionOf(heading))?.[1] ?? ''), 'utf8')
/** The line that a section puts into `file`. */
const lineFor = (heading: string, file: string): string =>
  sectionOf(heading).split(`In \`${file}\`: \``)[1]?.split('`')[0] ?? ''

export interface Framework {
  name: string
  /** Of the example whose block it uses. */
  block: string
  /** Ends with 0 where it is on this machine. */
  probe: readonly string[]
  files: (block: string) => Readonly<Record<string, string>>
  build?: readonly string[]
  /** It listens on `$PORT` of 127.0.0.1. */
  start: (port: number) => readonly string[]
  path?: string
}

/** Of Debian, which has the frameworks. */
const PYTHON = '/usr/bin/python3'
const JARS = [
  ...['web', 'web.servlet', 'beans', 'context', 'core', 'expression', 'aop'].map(name => `spring3-${name}`),
  ...['catalina', 'coyote', 'juli', 'api', 'util', 'util-scan', 'servlet-api', 'annotations-api', 'jni'].map(
    name => `tomcat9-${name}`,
  ),
  ...['jaspic-api', 'jsp-api', 'el-api'].map(name => `tomcat9-${name}`),
  'commons-logging',
].map(name => `/usr/share/java/${name}.jar`)
const CLASSES = [...JARS, '.'].join(':')
const ILLUMINATE = '/usr/share/php/Illuminate/autoload.php'

export const FRAMEWORKS: readonly Framework[] = [
  {
    name: 'Django',
    block: 'receiver.py',
    probe: [PYTHON, '-c', 'import django'],
    files: block => ({
      'idface_webhook.py': block,
      'views.py': recipeOf('Django'),
      'urls.py': `from django.urls import path\nimport views\nurlpatterns = [${lineFor('Django', 'urls.py')}]`,
      'settings.py': `
SECRET_KEY = "of a test"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "urls"
MIDDLEWARE = ["django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"]`,
    }),
    start: port => [PYTHON, '-m', 'django', 'runserver', '--noreload', '--settings=settings', `127.0.0.1:${port}`],
  },
  {
    name: 'Flask',
    block: 'receiver.py',
    probe: [PYTHON, '-c', 'import flask'],
    files: block => ({ 'idface_webhook.py': block, 'app.py': recipeOf('Flask') }),
    start: port => [PYTHON, '-m', 'flask', '--app', 'app', 'run', '--port', `${port}`],
  },
  {
    name: 'FastAPI',
    block: 'receiver.py',
    probe: [PYTHON, '-c', 'import fastapi, uvicorn'],
    files: block => ({ 'idface_webhook.py': block, 'app.py': recipeOf('FastAPI') }),
    start: port => [PYTHON, '-m', 'uvicorn', 'app:app', '--port', `${port}`],
  },
  {
    name: 'Spring Boot',
    block: 'Receiver.java',
    // Spring MVC 4.3 in Tomcat 9: Debian has no Spring Boot, which takes the same classes.
    probe: ['sh', '-c', `javac --version && ls ${JARS.join(' ')}`],
    files: block => ({
      'IdfaceWebhook.java': block,
      'HookController.java': recipeOf('Spring Boot'),
      'Main.java': `
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;
import org.springframework.context.support.PropertySourcesPlaceholderConfigurer;
import org.springframework.web.context.support.AnnotationConfigWebApplicationContext;
import org.springframework.web.servlet.DispatcherServlet;
import org.springframework.web.servlet.mvc.method.annotation.*;

class Main {
    public static void main(String[] given) throws Exception {
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir("tomcat");
        tomcat.setHostname("127.0.0.1");
        tomcat.setPort(Integer.parseInt(given[0]));
        tomcat.getConnector();
        AnnotationConfigWebApplicationContext context = new AnnotationConfigWebApplicationContext();
        context.register(RequestMappingHandlerMapping.class, RequestMappingHandlerAdapter.class);
        // It reads \${WEBHOOK_SECRET}.
        context.register(PropertySourcesPlaceholderConfigurer.class, HookController.class);
        Context root = tomcat.addContext("", null);
        Tomcat.addServlet(root, "spring", new DispatcherServlet(context)).setLoadOnStartup(1);
        root.addServletMappingDecoded("/", "spring");
        tomcat.start();
        tomcat.getServer().await();
    }
}`,
    }),
    build: ['sh', '-c', `javac --release 8 -Xlint:-options -cp ${CLASSES} *.java`],
    // Spring 4 defines its classes by an interface that later versions of Java close.
    start: port => ['java', '--add-opens=java.base/java.lang=ALL-UNNAMED', '-cp', CLASSES, 'Main', `${port}`],
  },
  {
    name: 'Laravel',
    block: 'receiver.php',
    probe: ['php', '-r', `exit(is_file('${ILLUMINATE}') ? 0 : 1);`],
    files: block => ({
      'app/IdfaceWebhook.php': `<?php\nnamespace App;\n\n${block}`,
      'routes/api.php': recipeOf('Laravel'),
      'config/services.php': `<?php return [${lineFor('Laravel', 'config/services.php')}];`,
      'config/view.php': `<?php return ['paths' => [], 'compiled' => __DIR__];`,
      'config/app.php': `<?php
return ['env' => 'production', 'key' => 'base64:' . base64_encode(str_repeat('a', 32)), 'cipher' => 'AES-256-CBC',
    'timezone' => 'UTC', 'locale' => 'en', 'fallback_locale' => 'en', 'maintenance' => ['driver' => 'file'], 'aliases' => [],
    'providers' => [Illuminate\\Foundation\\Providers\\FoundationServiceProvider::class,
        Illuminate\\Filesystem\\FilesystemServiceProvider::class, Illuminate\\View\\ViewServiceProvider::class,
        Illuminate\\Translation\\TranslationServiceProvider::class]];`,
      'bootstrap/cache/.keep': '',
      'storage/logs/.keep': '',
      'index.php': `<?php
require '${ILLUMINATE}';
spl_autoload_register(function ($class) {
    if (strpos($class, 'App\\\\') === 0) require __DIR__ . '/app/' . substr($class, 4) . '.php';
});
$app = new Illuminate\\Foundation\\Application(__DIR__);
$app->singleton(Illuminate\\Contracts\\Http\\Kernel::class, Illuminate\\Foundation\\Http\\Kernel::class);
$app->singleton(Illuminate\\Contracts\\Debug\\ExceptionHandler::class, Illuminate\\Foundation\\Exceptions\\Handler::class);
$app->booted(fn () => Illuminate\\Support\\Facades\\Route::prefix('api')->group(__DIR__ . '/routes/api.php'));
$app->make(Illuminate\\Contracts\\Http\\Kernel::class)->handle(Illuminate\\Http\\Request::capture())->send();`,
    }),
    start: port => ['php', '-S', `127.0.0.1:${port}`, 'index.php'],
    path: '/api/hook',
  },
  {
    name: 'ThinkPHP',
    block: 'receiver.php',
    // Debian has none: the calls of the recipe are played.
    probe: ['php', '--version'],
    files: block => ({
      'IdfaceWebhook.php': `<?php\nnamespace app;\n\n${block}`,
      'Hook.php': recipeOf('ThinkPHP'),
      'Request.php': `<?php
namespace think;
class Request
{
    public function header($name) { return $_SERVER['HTTP_' . strtoupper(strtr($name, '-', '_'))] ?? null; }
    public function getContent() { return file_get_contents('php://input'); }
}`,
      'index.php': `<?php
foreach (['IdfaceWebhook', 'Request', 'Hook'] as $name) require __DIR__ . "/$name.php";
function env($name) { return getenv($name); }
function response($text, $status) { http_response_code($status); return $text; }
echo (new app\\controller\\Hook())->index(new think\\Request());`,
    }),
    start: port => ['php', '-S', `127.0.0.1:${port}`, 'index.php'],
  },
  {
    name: 'Gin',
    block: 'receiver.go',
    probe: ['sh', '-c', 'go version && ls /usr/share/gocode/src/github.com/gin-gonic/gin'],
    files: block => ({
      'idface_webhook.go': `package main\n\n${block}`,
      'hook.go': `package main\n\n${recipeOf('Gin')}`,
      'main.go': `package main

import (
	"os"

	"github.com/gin-gonic/gin"
)

func main() {
	router := gin.New()
	${lineFor('Gin', 'main')}
	router.Run("127.0.0.1:" + os.Args[1])
}`,
    }),
    build: ['env', 'GO111MODULE=off', 'GOPATH=/usr/share/gocode', 'go', 'build', '-o', 'receiver', '.'],
    start: port => ['./receiver', `${port}`],
  },
  {
    name: 'ASP.NET Core',
    block: 'Receiver.cs',
    probe: ['dotnet', '--version'],
    files: block => ({
      'IdfaceWebhook.cs': block,
      'Program.cs': `var app = WebApplication.CreateBuilder(args).Build();\n${recipeOf('ASP.NET Core')}\napp.Run();`,
      'Receiver.csproj':
        '<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><TargetFramework>net10.0</TargetFramework><Nullable>enable</Nullable><ImplicitUsings>enable</ImplicitUsings></PropertyGroup></Project>',
    }),
    build: ['dotnet', 'build'],
    start: port => ['dotnet', 'run', '--no-build', '--urls', `http://127.0.0.1:${port}`],
  },
]

/** The headings of the page that have code. */
export const headings = (): string[] =>
  PAGE.split(/^## (?:<a id="[^"]*"><\/a>)?/m).flatMap(one =>
    one.includes('](frameworks/') ? [one.split('\n')[0] ?? ''] : [],
  )
