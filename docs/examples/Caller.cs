// Calls idface-notifier. .NET 6 or later (or Mono), nothing to install.
//   export NOTIFIER_URL=https://notifier.example API_KEY=ifn_...
//   dotnet run Caller.cs register 16236437872836 https://partner.example/hook
//   dotnet run Caller.cs wait reg_... [SECONDS]
//   dotnet run Caller.cs lookup 16236437872836 16236437872837
//   dotnet run Caller.cs events [CURSOR]
using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Runtime.Serialization.Json;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using System.Xml;
using System.Xml.Linq;

/// <summary>Status: of HTTP, 0 without an answer. /docs/problems lists the types.</summary>
public class NotifierException : Exception
{
    public readonly int Status;
    public readonly string Type;
    internal readonly TimeSpan RetryAfter;

    public NotifierException(int status, string type, string detail, TimeSpan retryAfter = default(TimeSpan))
        : base(status + " " + type + " " + detail)
    {
        Status = status;
        Type = type;
        RetryAfter = retryAfter;
    }

    internal bool MayPass
    {
        get { return Status == 0 || Status == 408 || Status == 429 || Status == 502 || Status == 503 || Status == 504; }
    }
}

/// <summary>Answers are JSON read into XML, which .NET and Mono both have; take System.Text.Json where you can.</summary>
public class Notifier
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);
    // A restart of the service is crossed.
    private static readonly TimeSpan RetryFor = TimeSpan.FromSeconds(30);
    private static readonly Random Chance = new Random();

    private readonly string url;
    private readonly HttpClient client;

    public Notifier(string url, string apiKey)
    {
        if (apiKey.Any(one => one > '~')) throw new ArgumentException("API_KEY must be the API key, ifn_...");
        this.url = url.TrimEnd('/');
        // A redirect must not take the API key elsewhere.
        client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        client.Timeout = System.Threading.Timeout.InfiniteTimeSpan;
        client.DefaultRequestHeaders.Add("authorization", "Bearer " + apiKey);
    }

    /// <summary>The same serial and URL again is the same registration, so this can be repeated.</summary>
    public Task<XElement> Register(string idcardid, string callbackUrl)
    {
        var body = "{\"idcardid\":" + Quote(idcardid) + ",\"callbackUrl\":" + Quote(callbackUrl) + "}";
        return Call(HttpMethod.Post, "/v1/registrations", body, Timeout);
    }

    /// <summary>The registration as soon as it is no longer pending, or as it is when the time is over.</summary>
    public async Task<XElement> WaitForVerdict(string id, TimeSpan limit)
    {
        var endsAt = DateTime.UtcNow + limit;
        while (true)
        {
            var left = (int)Math.Max(0, Math.Min(30, (endsAt - DateTime.UtcNow).TotalSeconds));
            var path = "/v1/registrations/" + Uri.EscapeDataString(id) + "?wait=" + left + "s";
            var registration = await Call(HttpMethod.Get, path, null, Timeout + TimeSpan.FromSeconds(left));
            if ((string)registration.Element("status") != "pending" || left == 0) return registration;
        }
    }

    /// <summary>At most 1,000 serials: one call after an outage.</summary>
    public async Task<IEnumerable<XElement>> Lookup(IEnumerable<string> idcardids)
    {
        var body = "{\"idcardids\":[" + string.Join(",", idcardids.Select(Quote)) + "]}";
        return (await Call(HttpMethod.Post, "/v1/registrations/lookup", body, Timeout)).Element("data").Elements();
    }

    /// <summary>The messages after the cursor, and nextCursor: where to go on; store it when you have handled them.</summary>
    public Task<XElement> Events(string cursor)
    {
        var after = cursor == null ? "" : "&after=" + Uri.EscapeDataString(cursor);
        return Call(HttpMethod.Get, "/v1/events?limit=250" + after, null, Timeout);
    }

    /// <summary>Tries again what may pass and is safe to repeat, as all calls of this file are.</summary>
    private async Task<XElement> Call(HttpMethod method, string path, string body, TimeSpan limit)
    {
        var endsAt = DateTime.UtcNow + RetryFor;
        for (var delay = 0.25; ; delay = Math.Min(8, delay * 2))
        {
            TimeSpan wait;
            try
            {
                return await Send(method, path, body, limit);
            }
            catch (NotifierException error)
            {
                wait = error.RetryAfter + TimeSpan.FromSeconds(delay * Chance.NextDouble());
                if (!error.MayPass || DateTime.UtcNow + wait > endsAt) throw;
            }
            await Task.Delay(wait);
        }
    }

    private async Task<XElement> Send(HttpMethod method, string path, string body, TimeSpan limit)
    {
        using (var timer = new CancellationTokenSource(limit))
        using (var request = new HttpRequestMessage(method, url + path))
        {
            if (body != null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
            int status;
            string text;
            TimeSpan retryAfter;
            try
            {
                using (var response = await client.SendAsync(request, timer.Token))
                {
                    status = (int)response.StatusCode;
                    text = await response.Content.ReadAsStringAsync();
                    var header = response.Headers.RetryAfter;
                    retryAfter = header == null || header.Delta == null ? TimeSpan.Zero : header.Delta.Value;
                }
            }
            catch (Exception error) when (error is HttpRequestException || error is OperationCanceledException)
            {
                throw new NotifierException(0, "", error.Message);
            }
            var answer = Read(text);
            if (status >= 200 && status <= 299 && answer != null) return answer;
            var problem = answer ?? new XElement("root");
            // Of a 2xx that is no JSON nothing can be used.
            var fields = problem.Elements("errors").Elements()
                .Select(one => " " + (string)one.Element("path") + ": " + (string)one.Element("message"));
            throw new NotifierException(status <= 299 ? 0 : status, (string)problem.Element("type"),
                (string)problem.Element("detail") + string.Concat(fields), retryAfter);
        }
    }

    /// <summary>Null for what is no JSON.</summary>
    public static XElement Read(string text)
    {
        try
        {
            var quotas = XmlDictionaryReaderQuotas.Max;
            using (var reader = JsonReaderWriterFactory.CreateJsonReader(Encoding.UTF8.GetBytes(text), quotas))
                return XElement.Load(reader);
        }
        catch (XmlException)
        {
            return null;
        }
    }

    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var one in text)
        {
            if (one == '"' || one == '\\') quoted.Append('\\').Append(one);
            else if (one < ' ') quoted.Append("\\u").Append(((int)one).ToString("x4"));
            else quoted.Append(one);
        }
        return quoted.Append('"').ToString();
    }
}

public static class Caller
{
    private static async Task<int> Run(Notifier notifier, string[] given)
    {
        var command = given.Length == 0 ? "" : given[0];
        ushort seconds;
        if (command == "register" && given.Length == 3)
        {
            var registration = await notifier.Register(given[1], given[2]);
            Console.WriteLine("{0} {1}", (string)registration.Element("id"), (string)registration.Element("status"));
        }
        else if (command == "wait" && given.Length > 1 && ushort.TryParse(given.ElementAtOrDefault(2) ?? "120", out seconds))
        {
            var registration = await notifier.WaitForVerdict(given[1], TimeSpan.FromSeconds(seconds));
            Console.WriteLine("{0} {1}", (string)registration.Element("id"), (string)registration.Element("status"));
        }
        else if (command == "lookup" && given.Length > 1)
        {
            foreach (var item in await notifier.Lookup(given.Skip(1)))
            {
                var statuses = item.Element("registrations").Elements().Select(one => " " + (string)one.Element("status"));
                Console.WriteLine((string)item.Element("idcardid") + string.Concat(statuses));
            }
        }
        else if (command == "events")
        {
            var cursor = given.Length > 1 ? given[1] : null;
            while (true)
            {
                var page = await notifier.Events(cursor);
                cursor = (string)page.Element("nextCursor");
                var events = page.Element("data").Elements().ToList();
                if (events.Count == 0) break;
                foreach (var one in events)
                {
                    // body is the text of the webhook, headers its signature: hand both to the code that receives webhooks.
                    var data = Notifier.Read((string)one.Element("body")).Element("data");
                    Console.WriteLine("{0} {1} {2}", (string)one.Element("messageId"), (string)one.Element("type"),
                        (string)data.Element("idcardid"));
                }
            }
            Console.WriteLine("cursor " + cursor);
        }
        else
        {
            Console.Error.WriteLine("usage: Caller register SERIAL URL | wait ID [SECONDS] | lookup SERIAL... | events [CURSOR]");
            return 2;
        }
        return 0;
    }

    public static int Main(string[] given)
    {
        var url = Environment.GetEnvironmentVariable("NOTIFIER_URL");
        var apiKey = Environment.GetEnvironmentVariable("API_KEY");
        if (url == null || apiKey == null)
        {
            Console.Error.WriteLine("NOTIFIER_URL and API_KEY must be set");
            return 2;
        }
        try
        {
            return Run(new Notifier(url, apiKey), given).GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is NotifierException || error is ArgumentException)
        {
            Console.Error.WriteLine(error.Message);
            return 1;
        }
    }
}
