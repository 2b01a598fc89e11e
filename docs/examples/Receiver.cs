// Receives webhooks of idface-notifier and verifies them. .NET 10 or later, nothing to install.
//   WEBHOOK_SECRET=whsec_... dotnet run Receiver.cs
// With an older .NET put it into a console project; with Mono: mcs Receiver.cs && mono Receiver.exe
// While a secret is being changed: both, separated by a space.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Tasks;

public static class Receiver
{
    const int ToleranceSeconds = 300;
    const int MaxBytes = 64 * 1024;

    static byte[] ReadKey(string secret)
    {
        try
        {
            var key = secret.StartsWith("whsec_", StringComparison.Ordinal)
                ? Convert.FromBase64String(secret.Substring("whsec_".Length))
                : new byte[0];
            // Anybody could sign with an empty key.
            if (key.Length >= 24) return key;
        }
        catch (FormatException)
        {
            // The same mistake.
        }
        Console.Error.WriteLine("WEBHOOK_SECRET must be the signing secret as it was shown, whsec_...");
        Environment.Exit(1);
        return null;
    }

    /// <summary>Null where the service has signed these very bytes, and lately; or why not.</summary>
    static string ReasonToRefuse(List<byte[]> keys, WebHeaderCollection headers, byte[] body)
    {
        string id = headers["webhook-id"], timestamp = headers["webhook-timestamp"] ?? "";
        if (string.IsNullOrEmpty(id) || !Regex.IsMatch(timestamp, @"\A[0-9]{1,12}\z"))
            return "no webhook: its headers are missing or malformed";
        var ageSeconds = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - long.Parse(timestamp);
        if (Math.Abs(ageSeconds) > ToleranceSeconds) return "timestamp " + ageSeconds + " s old: is the clock right?";
        var content = Encoding.UTF8.GetBytes(id + "." + timestamp + ".").Concat(body).ToArray();
        foreach (var key in keys)
        {
            using (var hmac = new HMACSHA256(key))
            {
                var expected = Encoding.UTF8.GetBytes("v1," + Convert.ToBase64String(hmac.ComputeHash(content)));
                foreach (var signature in (headers["webhook-signature"] ?? "").Split(' '))
                    if (CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(signature))) return null;
            }
        }
        return "no signature matches: is WEBHOOK_SECRET the one of this partner?";
    }

    /// <summary>The bytes as they came; null if there are too many.</summary>
    static byte[] ReadBody(Stream stream)
    {
        var body = new byte[MaxBytes + 1];
        var size = 0;
        for (int read; size < body.Length && (read = stream.Read(body, size, body.Length - size)) > 0;) size += read;
        if (size > MaxBytes) return null;
        Array.Resize(ref body, size);
        return body;
    }

    static int Receive(List<byte[]> keys, HttpListenerRequest request, out string text)
    {
        text = "";
        if (request.HttpMethod != "POST") return 405;
        var body = ReadBody(request.InputStream);
        if (body == null) return 413;
        var reason = ReasonToRefuse(keys, (WebHeaderCollection)request.Headers, body);
        if (reason != null)
        {
            Console.WriteLine("refused: " + reason);
            text = reason;
            return 401;
        }
        // A webhook can come twice. Keep its id with what you do, and do nothing for an id that you have.
        // Read the event with System.Text.Json, or with what your project has.
        Console.WriteLine(request.Headers["webhook-id"] + " " + Encoding.UTF8.GetString(body));
        return 204;
    }

    static void Answer(List<byte[]> keys, HttpListenerContext context)
    {
        var text = "";
        try
        {
            context.Response.StatusCode = 500;
            context.Response.StatusCode = Receive(keys, context.Request, out text);
        }
        catch (Exception error)
        {
            Console.Error.WriteLine(error);
        }
        try
        {
            if (text != "") context.Response.ContentType = "text/plain";
            context.Response.Close(Encoding.UTF8.GetBytes(text), true);
        }
        catch (Exception)
        {
            // The caller has gone.
        }
    }

    public static void Main()
    {
        var secrets = Environment.GetEnvironmentVariable("WEBHOOK_SECRET") ?? "";
        var keys = secrets.Split(' ').Select(ReadKey).ToList();
        var listener = new HttpListener();
        var url = "http://127.0.0.1:" + (Environment.GetEnvironmentVariable("PORT") ?? "9000") + "/";
        listener.Prefixes.Add(url);
        listener.Start();
        Console.WriteLine("listening on " + url);
        for (;;)
        {
            var context = listener.GetContext();
            Task.Run(() => Answer(keys, context));
        }
    }
}
