using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CodeAgent.Worker.Tests.Agents.Builtin;

/// <summary>A model behind an OpenAI-compatible address that does what the test says, one step a request.</summary>
internal sealed class ScriptedGateway : IAsyncDisposable
{
    private readonly ConcurrentQueue<Func<HttpContext, Task>> _steps = new();
    private readonly WebApplication _app;

    private ScriptedGateway(WebApplication app) => _app = app;

    public ConcurrentQueue<ModelRequest> Requests { get; } = new();

    public string Address { get; private set; } = "";

    /// <summary>What <c>GET /v1/models</c> answers.</summary>
    public string Models { get; set; } = """{ "object": "list", "data": [] }""";

    /// <summary>What is done with a request when the script is over.</summary>
    public Func<HttpContext, ModelRequest, Task>? Always { get; set; }

    /// <summary>The status and body of what <c>GET /v1/models/NAME</c> answers.</summary>
    public (int Status, string Body) Model { get; set; } = (200, """{ "id": "default" }""");

    public static async Task<ScriptedGateway> StartAsync(int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http1));
        var gateway = new ScriptedGateway(builder.Build());
        gateway._app.MapGet("/v1/models", () => Results.Text(gateway.Models, "application/json"));
        gateway._app.MapGet("/v1/models/{**id}", () => Results.Text(gateway.Model.Body, "application/json", statusCode: gateway.Model.Status));
        gateway._app.MapPost("/v1/chat/completions", gateway.AnswerAsync);
        await gateway._app.StartAsync();
        gateway.Address = gateway._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return gateway;
    }

    public ScriptedGateway Say(string text, object? usage = null) => Then(context => StreamAsync(context, [new { content = text }], "stop", usage));

    public ScriptedGateway Call(string tool, object with) => Calls((tool, with));

    public ScriptedGateway Calls(params (string Tool, object With)[] calls)
    {
        var place = 0;
        var deltas = calls.Select(call => (object)new
        {
            tool_calls = new[]
            {
                new { index = place, id = $"c{_steps.Count}_{place++}", type = "function", function = new { name = call.Tool, arguments = call.With as string ?? JsonSerializer.Serialize(call.With) } },
            },
        }).ToArray();
        return Then(context => StreamAsync(context, deltas, "tool_calls", usage: null));
    }

    /// <summary>The answer that calls one tool.</summary>
    public static Task CallAsync(HttpContext context, string tool, object with) => StreamAsync(context,
        [new { tool_calls = new[] { new { index = 0, id = "", type = "function", function = new { name = tool, arguments = JsonSerializer.Serialize(with) } } } }], "tool_calls", usage: null);

    public ScriptedGateway Fail(int status, string code, string message, string? retryAfter = null) => Then(async context =>
    {
        context.Response.StatusCode = status;
        if (retryAfter is not null)
        {
            context.Response.Headers.RetryAfter = retryAfter;
        }

        await context.Response.WriteAsJsonAsync(new { error = new { code, message } });
    });

    public ScriptedGateway Then(Func<HttpContext, Task> step)
    {
        _steps.Enqueue(step);
        return this;
    }

    /// <summary>An answer in pieces, as a provider streams it.</summary>
    public static async Task StreamAsync(HttpContext context, object[] deltas, string? finish, object? usage)
    {
        context.Response.ContentType = "text/event-stream";
        foreach (var delta in deltas)
        {
            await ChunkAsync(context, new { id = "x", @object = "chat.completion.chunk", created = 1, model = "real-model", choices = new[] { new { index = 0, delta, finish_reason = (string?)null } } });
        }

        if (finish is not null)
        {
            await ChunkAsync(context, new { id = "x", @object = "chat.completion.chunk", created = 1, model = "real-model", choices = new[] { new { index = 0, delta = new { }, finish_reason = finish } } });
            await ChunkAsync(context, new
            {
                id = "x",
                @object = "chat.completion.chunk",
                created = 1,
                model = "real-model",
                choices = Array.Empty<object>(),
                usage = usage ?? new { prompt_tokens = 100, completion_tokens = 10, total_tokens = 110, prompt_tokens_details = new { cached_tokens = 40 } },
            });
            await context.Response.WriteAsync("data: [DONE]\n\n");
        }
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static async Task ChunkAsync(HttpContext context, object chunk)
    {
        await context.Response.WriteAsync($"data: {JsonSerializer.Serialize(chunk)}\n\n", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var request = new ModelRequest(context.Request.Headers["Idempotency-Key"].ToString(), context.Request.Headers.Authorization.ToString(), body.ToArray());
        Requests.Enqueue(request);
        if (_steps.TryDequeue(out var step))
        {
            await step(context);
            return;
        }

        if (Always is not null)
        {
            await Always(context, request);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        await context.Response.WriteAsJsonAsync(new { error = new { code = "script_over", message = "The script has no more steps." } });
    }
}

/// <summary>A request for a turn.</summary>
internal sealed record ModelRequest(string Key, string Authorization, byte[] Body)
{
    public JsonElement Json { get; } = JsonElement.Parse(Body);

    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>Content of the message at this place; from the end where it is negative.</summary>
    public string Message(Index place)
    {
        var messages = Json.GetProperty("messages").EnumerateArray().ToArray();
        var content = messages[place].GetProperty("content");
        return content.ValueKind == JsonValueKind.String ? content.GetString()! : string.Concat(content.EnumerateArray().Select(part => part.GetProperty("text").GetString()));
    }

    public string[] Roles => [.. Json.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("role").GetString()!)];
}
