using System.Diagnostics;
using System.Net;
using System.Text;
using CodeAgent.Contracts;
using CodeAgent.Testing;

namespace CodeAgent.Api.Tests.Running;

/// <summary>The Api without a Redis.</summary>
public sealed class AwayTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("codeagent-api-").FullName;
    private ApiServer _server = null!;
    private ApiClient _api = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _server = ApiServer.Start($"127.0.0.1:{FreePort.Next()},abortConnect=false,connectTimeout=300,syncTimeout=500,asyncTimeout=500,connectRetry=1", _folder);
        _api = _server.Client();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _api.Dispose();
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Requests_that_need_it_are_told_to_come_again()
    {
        foreach (var path in (string[])["/v1/tasks", $"/v1/tasks/{Guid.CreateVersion7()}", $"/v1/tasks/{Guid.CreateVersion7()}/events", "/v1/status"])
        {
            using var answer = await _api.Http.GetAsync(path, Stop);
            await ExpectAwayAsync(answer);
        }

        using var submitted = await _api.PostTextAsync("/v1/tasks", """{ "prompt": "x" }""");
        await ExpectAwayAsync(submitted);
        using var worker = _server.Client(ApiServer.WorkerKey);
        using var claimed = await worker.PostAsync("/v1/leases", new() { Worker = "w", Agents = ["command"], Capacity = 1 }, ContractsJson.Default.ClaimRequest);
        await ExpectAwayAsync(claimed);
        using var alive = await _api.Http.GetAsync("/alive", Stop);
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
    }

    [Fact]
    public async Task What_is_wrong_with_a_request_is_said_all_the_same()
    {
        using var answer = await _api.PostTextAsync("/v1/tasks", """{ "prompt": "" }""");
        await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.BadRequest, "invalid-field", "prompt");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_of_100_megabytes_is_refused_quickly(bool chunked)
    {
        var clock = Stopwatch.StartNew();
        using var content = new StreamContent(new Endless(100_000_000));
        content.Headers.ContentType = new("application/json");
        content.Headers.ContentLength = chunked ? null : 100_000_000;
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/tasks") { Content = content };
        request.Headers.TransferEncodingChunked = chunked;
        using var answer = await _api.Http.SendAsync(request, Stop);

        await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.RequestEntityTooLarge, "content-too-large");
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    private static async Task ExpectAwayAsync(HttpResponseMessage answer)
    {
        await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.ServiceUnavailable, "redis-unavailable");
        Assert.Equal(TimeSpan.FromSeconds(2), answer.Headers.RetryAfter?.Delta);
    }

    /// <summary>A JSON string that goes on and on.</summary>
    private sealed class Endless(long length) : Stream
    {
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position { get => _position; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = (int)Math.Min(count, length - _position);
            buffer.AsSpan(offset, read).Fill((byte)'x');
            if (_position == 0 && read > 12)
            {
                Encoding.ASCII.GetBytes("{\"prompt\":\"x", buffer.AsSpan(offset));
            }

            _position += read;
            return read;
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
