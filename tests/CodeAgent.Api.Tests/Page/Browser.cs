using System.Buffers;
using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CodeAgent.Testing;

namespace CodeAgent.Api.Tests.Page;

/// <summary>
/// A browser without a window, by the DevTools protocol: <c>chromium</c> or <c>google-chrome</c>, where one is on the PATH.
/// The libraries that do this weigh 200 MB; these tests need four of their commands.
/// </summary>
public sealed partial class Browser : IAsyncLifetime
{
    private static readonly string[] Programs = ["chromium", "google-chrome"];
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private readonly string _profile = Directory.CreateTempSubdirectory("codeagent-browser-").FullName;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode?>> _calls = new();
    private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> _complaints = new();
    private readonly ClientWebSocket _socket = new();
    private readonly SemaphoreSlim _sending = new(1);
    private Process? _process;
    private Task _reading = Task.CompletedTask;
    private Task _draining = Task.CompletedTask;
    private int _last;

    /// <summary>Why there is none; null where there is one.</summary>
    public string? Unavailable { get; private set; }

    public async ValueTask InitializeAsync()
    {
        _process = Programs.Select(Start).FirstOrDefault(process => process is not null);
        if (_process is null)
        {
            Unavailable = $"no browser on the PATH ({string.Join(", ", Programs)})";
            return;
        }

        using var limit = new CancellationTokenSource(StartLimit);
        string? line;
        do
        {
            line = await _process.StandardError.ReadLineAsync(limit.Token) ?? throw new InvalidOperationException("The browser ended at once.");
        }
        while (!Address().IsMatch(line));

        // A full pipe would stop the browser.
        _draining = _process.StandardError.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
        await _socket.ConnectAsync(new Uri(Address().Match(line).Value), limit.Token);
        _reading = ReadAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
            await Task.WhenAll(_reading, _draining);
            _process.Dispose();
        }

        _socket.Dispose();
        _sending.Dispose();
        await Eventually.TrueAsync(() => Task.FromResult(TryDeleteProfile()), TimeSpan.FromSeconds(10), "the browser's files can be removed");
    }

    /// <summary>Opens an address in a tab that shares nothing with others.</summary>
    internal async Task<Tab> OpenAsync(string address)
    {
        var context = await CallAsync("Target.createBrowserContext", []);
        var target = await CallAsync("Target.createTarget", new() { ["url"] = "about:blank", ["browserContextId"] = (string)context!["browserContextId"]! });
        var session = await CallAsync("Target.attachToTarget", new() { ["targetId"] = (string)target!["targetId"]!, ["flatten"] = true });
        var tab = new Tab(this, (string)session!["sessionId"]!);
        await tab.BeginAsync(address);
        return tab;
    }

    /// <summary>The errors that a tab reported.</summary>
    internal ConcurrentQueue<string> Complaints(string session) => _complaints.GetOrAdd(session, _ => new());

    internal async Task<JsonNode?> CallAsync(string method, JsonObject parameters, string? session = null)
    {
        var id = Interlocked.Increment(ref _last);
        var answer = _calls[id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var message = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters };
        if (session is not null)
        {
            message["sessionId"] = session;
        }

        await _sending.WaitAsync();
        try
        {
            await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }
        finally
        {
            _sending.Release();
        }

        return await answer.Task.WaitAsync(StartLimit);
    }

    private async Task ReadAsync()
    {
        var message = new ArrayBufferWriter<byte>();
        try
        {
            while (true)
            {
                var part = await _socket.ReceiveAsync(message.GetMemory(64 * 1024), CancellationToken.None);
                message.Advance(part.Count);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    return;
                }

                if (part.EndOfMessage)
                {
                    Take(JsonNode.Parse(message.WrittenSpan)!);
                    message.ResetWrittenCount();
                }
            }
        }
        catch (WebSocketException)
        {
            // The browser was ended.
        }
    }

    private void Take(JsonNode message)
    {
        if (message["id"] is { } id && _calls.TryRemove((int)id, out var call))
        {
            if (message["error"] is { } error)
            {
                call.SetException(new InvalidOperationException(error.ToJsonString()));
            }
            else
            {
                call.SetResult(message["result"]);
            }
        }

        if ((string?)message["method"] == "Runtime.exceptionThrown" || (string?)message["params"]?["entry"]?["level"] == "error")
        {
            Complaints((string)message["sessionId"]!).Enqueue(message["params"]!.ToJsonString());
        }
    }

    private Process? Start(string program)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(program,
            [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--remote-debugging-port=0", "--remote-allow-origins=*", $"--user-data-dir={_profile}", "about:blank",
            ])
            {
                RedirectStandardError = true,
            });
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    // The browser's helpers may write for a moment after it has ended.
    private bool TryDeleteProfile()
    {
        try
        {
            Directory.Delete(_profile, recursive: true);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    [GeneratedRegex("ws://[^ ]+")]
    private static partial Regex Address();
}
