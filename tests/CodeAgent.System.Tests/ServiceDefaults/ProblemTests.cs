using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using StackExchange.Redis;

namespace CodeAgent.SystemTests.ServiceDefaults;

public sealed partial class ProblemTests
{
    [Theory]
    [InlineData("""{ "name": "x", "inner": { "count": 1 } }""", null, null)]
    [InlineData("""{ "name": "x", "nmae": 1 }""", "unknown-field", "nmae")]
    [InlineData("""{ "name": "x", "inner": { "coutn": 1 } }""", "unknown-field", "inner.coutn")]
    [InlineData("""{ "inner": { "count": 1 } }""", "missing-field", "name")]
    [InlineData("""{ "name": "x", "inner": { } }""", "missing-field", "inner.count")]
    [InlineData("""{ "name": 1 }""", "invalid-field", "name")]
    [InlineData("""{ "name": "x", "inner": { "count": "many" } }""", "invalid-field", "inner.count")]
    [InlineData("""{ "name": null }""", "invalid-field", "name")]
    [InlineData("""[]""", "invalid-json", null)]
    [InlineData("""null""", "invalid-json", null)]
    [InlineData("""{ "name": "x" """, "invalid-json", null)]
    [InlineData("", "invalid-json", null)]
    public async Task What_is_wrong_with_a_body_is_said_by_field(string body, string? type, string? field)
    {
        await using var service = await StartAsync();
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await service.Client.PostAsync("/body", content, TestContext.Current.CancellationToken);

        if (type is null)
        {
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            return;
        }

        var problem = await ReadAsync(answer, HttpStatusCode.BadRequest, type);
        Assert.Equal(field, problem.TryGetProperty("field", out var f) ? f.GetString() : null);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_over_the_limit_is_refused_with_or_without_a_length(bool withLength)
    {
        await using var service = await StartAsync();
        using var content = new StringContent($$"""{ "name": "{{new string('x', 2_000)}}" }""", Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/body") { Content = content };
        request.Headers.TransferEncodingChunked = !withLength;

        using var answer = await service.Client.SendAsync(request, TestContext.Current.CancellationToken);

        await ReadAsync(answer, HttpStatusCode.RequestEntityTooLarge, "content-too-large");
    }

    [Fact]
    public async Task A_body_that_is_no_json_by_its_type_is_refused()
    {
        await using var service = await StartAsync();
        using var content = new StringContent("name=x", Encoding.UTF8, "application/x-www-form-urlencoded");
        using var answer = await service.Client.PostAsync("/body", content, TestContext.Current.CancellationToken);

        await ReadAsync(answer, HttpStatusCode.UnsupportedMediaType, "unsupported-media-type");
    }

    [Fact]
    public async Task Redis_being_away_is_503_with_a_hint_when_to_come_back()
    {
        await using var service = await StartAsync();
        using var answer = await service.Client.GetAsync("/redis", TestContext.Current.CancellationToken);

        await ReadAsync(answer, HttpStatusCode.ServiceUnavailable, "redis-unavailable");
        Assert.Equal(TimeSpan.FromSeconds(2), answer.Headers.RetryAfter?.Delta);
    }

    [Theory]
    [InlineData("/nowhere", HttpStatusCode.NotFound, "not-found")]
    [InlineData("/body", HttpStatusCode.MethodNotAllowed, "method-not-allowed")]
    [InlineData("/crash", HttpStatusCode.InternalServerError, "internal-server-error")]
    public async Task What_the_framework_refuses_is_a_problem_too(string path, HttpStatusCode status, string type)
    {
        await using var service = await StartAsync();
        using var answer = await service.Client.GetAsync(path, TestContext.Current.CancellationToken);

        var problem = await ReadAsync(answer, status, type);
        Assert.DoesNotContain("secret", problem.GetRawText(), StringComparison.Ordinal);
    }

    private static Task<SmallService> StartAsync() => SmallService.StartAsync(app =>
    {
        app.MapPost("/body", async (HttpRequest request) =>
            (await JsonBody.ReadAsync(request, BodyJson.Default.Body, limit: 1_000)).Name);
        app.MapGet("/redis", string () => throw new RedisConnectionException(ConnectionFailureType.UnableToConnect, "away"));
        app.MapGet("/crash", string () => throw new InvalidOperationException("secret"));
    }, "--environment", "Production");

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer, HttpStatusCode status, string type)
    {
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.StatusCode == status, $"{(int)answer.StatusCode}: {body}");
        var problem = JsonDocument.Parse(body).RootElement;
        Assert.Equal($"urn:codeagent:problem:{type}", problem.GetProperty("type").GetString());
        Assert.Equal(answer.Headers.GetValues("X-Correlation-Id").Single(), problem.GetProperty("correlationId").GetString());
        return problem;
    }

    internal sealed record Body
    {
        public required string Name { get; init; }

        public Inner? Inner { get; set; }
    }

    internal sealed record Inner
    {
        public required int Count { get; init; }
    }

    [JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NumberHandling = JsonNumberHandling.Strict, RespectNullableAnnotations = true)]
    [JsonSerializable(typeof(Body))]
    internal sealed partial class BodyJson : JsonSerializerContext;
}
