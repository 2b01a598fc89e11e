// Program.cs, before app.Run()
var secrets = (app.Configuration["WEBHOOK_SECRET"] ?? "").Split(' ');
app.MapPost("/hook", async (HttpRequest request) =>
{
    using var buffer = new MemoryStream();
    await request.Body.CopyToAsync(buffer);
    var (headers, body) = (request.Headers, buffer.ToArray());
    var (id, timestamp) = (headers["webhook-id"].ToString(), headers["webhook-timestamp"].ToString());
    try
    {
        IdfaceWebhook.Verify(secrets, id, timestamp, headers["webhook-signature"].ToString(), body);
    }
    catch (IdfaceWebhook.Refused refused)
    {
        return Results.Text(refused.Message, statusCode: 401);
    }
    // Store id and the event, which JsonDocument.Parse reads from body, in one transaction.
    return Results.NoContent();
});
