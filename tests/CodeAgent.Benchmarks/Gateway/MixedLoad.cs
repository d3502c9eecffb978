using System.Net;
using System.Net.Http.Headers;
using CodeAgent.Benchmarks.Contenders;
using CodeAgent.Benchmarks.Load;
using CodeAgent.Benchmarks.Roles;

namespace CodeAgent.Benchmarks.Gateway;

/// <summary>Clients that ask for everything in turn, a tenth of them leaving before the answer is whole.</summary>
internal sealed class MixedLoad(Contender contender) : IDisposable
{
    private const int OneIn = 10;
    private static readonly TimeSpan BeforeTheAnswer = MockAnswers.ThinkTime / 2;

    // As often as it stands here.
    private static readonly Request[] Mixture =
    [
        new(Behaviour.Instant, false), new(Behaviour.Instant, false), new(Behaviour.Instant, false), new(Behaviour.Instant, true),
        new(Behaviour.Think, false), new(Behaviour.Burst, false), new(Behaviour.Burst, true), new(Behaviour.Paced, false),
    ];

    private static readonly Request[] ToLeave = [new(Behaviour.Paced, false), new(Behaviour.Paced, true), new(Behaviour.Think, false)];

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,

        // Who leaves does not read the rest first.
        MaxResponseDrainSize = 0,
    });
    private long _done;
    private long _left;
    private long _failed;

    public long Done => Interlocked.Read(ref _done);

    public long Failed => Interlocked.Read(ref _failed);

    /// <summary>How often a client left in mid-answer.</summary>
    public long Left => Interlocked.Read(ref _left);

    public Task RunAsync(int clients, CancellationToken end) =>
        Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(() => RunAsync(new Random(client), end), CancellationToken.None)));

    public void Dispose() => _http.Dispose();

    private async Task RunAsync(Random random, CancellationToken end)
    {
        var buffer = new byte[16 * 1024];
        while (!end.IsCancellationRequested)
        {
            var leaves = random.Next(OneIn) == 0;
            var from = leaves ? ToLeave : Mixture;
            try
            {
                await AskAsync(from[random.Next(from.Length)], leaves, buffer, end);
                Interlocked.Increment(ref leaves ? ref _left : ref _done);
            }
            catch (OperationCanceledException)
            {
                // It left before the first byte, or the time is up.
                Interlocked.Increment(ref _left);
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                Interlocked.Increment(ref _failed);
            }
        }
    }

    private async Task AskAsync(Request request, bool leaves, byte[] buffer, CancellationToken end)
    {
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(end);
        if (leaves && !request.IsStream)
        {
            leave.CancelAfter(BeforeTheAnswer);
        }

        using var message = new HttpRequestMessage(HttpMethod.Post, contender.Url(request.Behaviour)) { Content = new ByteArrayContent(request.Body) };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach (var (name, value) in contender.Headers(request.Behaviour))
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await _http.SendAsync(message, leave.Token);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new HttpRequestException($"{response.StatusCode}");
        }

        // Disposing of a response that was not read to its end closes the connection: that is how a client leaves.
        await using var body = await response.Content.ReadAsStreamAsync(leave.Token);
        while (await body.ReadAsync(buffer, leave.Token) > 0 && !leaves)
        {
        }
    }
}
