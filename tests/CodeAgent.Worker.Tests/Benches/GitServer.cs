using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using CliWrap;
using CodeAgent.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CodeAgent.Worker.Tests.Benches;

/// <summary>Git over HTTP as hosts do it: git's own <c>http-backend</c>, behind a sign-in.</summary>
internal sealed class GitServer(string root) : IAsyncDisposable
{
    private WebApplication? _app;

    /// <summary>The host with its port, as configuration names it.</summary>
    public string Host { get; } = $"127.0.0.1:{FreePort.Next()}";

    /// <summary>Tokens that are let in; nobody without one.</summary>
    public ConcurrentDictionary<string, bool> Tokens { get; } = new();

    /// <summary>Whether pushing is refused, as to a token that may only read.</summary>
    public bool ReadOnly { get; set; }

    /// <summary>What was asked for with a valid token.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Runs before each request that has a valid token.</summary>
    public Func<HttpContext, Task> Before { get; set; } = _ => Task.CompletedTask;

    public string UrlOf(TestRepository repository) => $"http://{Host}/{Path.GetRelativePath(root, repository.Path)}";

    public static async Task<GitServer> StartAsync(string root, params string[] tokens)
    {
        var server = new GitServer(root);
        foreach (var token in tokens)
        {
            server.Tokens[token] = true;
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://{server.Host}");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        server._app = builder.Build();
        server._app.Run(server.AnswerAsync);
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            using var now = new CancellationTokenSource();
            await now.CancelAsync();
            await _app.StopAsync(now.Token);
            await _app.DisposeAsync();
        }
    }

    private async Task AnswerAsync(HttpContext http)
    {
        if (!IsLetIn(http))
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            http.Response.Headers.WWWAuthenticate = "Basic realm=\"git\"";
            return;
        }

        Requests.Enqueue($"{http.Request.Method} {http.Request.Path}{http.Request.QueryString}");
        await Before(http);
        if (ReadOnly && (http.Request.Path + http.Request.QueryString.ToString()).Contains("git-receive-pack", StringComparison.Ordinal))
        {
            http.Response.StatusCode = StatusCodes.Status403Forbidden;
            await http.Response.WriteAsync("This token may only read.");
            return;
        }

        await RunAsync(http);
    }

    private bool IsLetIn(HttpContext http)
    {
        var header = http.Request.Headers.Authorization.ToString();
        return header.StartsWith("Basic ", StringComparison.Ordinal)
            && Encoding.UTF8.GetString(Convert.FromBase64String(header["Basic ".Length..])).Split(':', 2) is [_, var token] && Tokens.ContainsKey(token);
    }

    private async Task RunAsync(HttpContext http)
    {
        var answer = new MemoryStream();
        await Cli.Wrap("git").WithArguments("http-backend").WithEnvironmentVariables(new Dictionary<string, string?>
        {
            ["GIT_PROJECT_ROOT"] = root,
            ["GIT_HTTP_EXPORT_ALL"] = "1",
            ["GIT_CONFIG_GLOBAL"] = "/dev/null",
            ["GIT_CONFIG_NOSYSTEM"] = "1",
            ["GIT_PROTOCOL"] = http.Request.Headers["Git-Protocol"],
            ["PATH_INFO"] = http.Request.Path,
            ["QUERY_STRING"] = http.Request.QueryString.Value!.TrimStart('?'),
            ["REQUEST_METHOD"] = http.Request.Method,
            ["CONTENT_TYPE"] = http.Request.ContentType,
            ["HTTP_CONTENT_ENCODING"] = http.Request.Headers.ContentEncoding,
            ["REMOTE_USER"] = "tester",
        }).WithStandardInputPipe(PipeSource.FromStream(http.Request.Body)).WithStandardOutputPipe(PipeTarget.ToStream(answer))
            .WithValidation(CommandResultValidation.None).ExecuteAsync(http.RequestAborted);
        await WriteAsync(http.Response, answer.ToArray());
    }

    // As every CGI program answers: header lines, an empty one, and what there is to say.
    private static async Task WriteAsync(HttpResponse response, byte[] answer)
    {
        var end = answer.AsSpan().IndexOf("\r\n\r\n"u8);
        foreach (var line in Encoding.ASCII.GetString(answer, 0, end).Split("\r\n"))
        {
            var (name, value) = (line[..line.IndexOf(':', StringComparison.Ordinal)], line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim());
            if (name == "Status")
            {
                response.StatusCode = int.Parse(value.Split(' ')[0], CultureInfo.InvariantCulture);
            }
            else
            {
                response.Headers[name] = value;
            }
        }

        await response.Body.WriteAsync(answer.AsMemory(end + 4));
    }
}
