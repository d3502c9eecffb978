using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CodeAgent.Api.Keys;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Keys;

public sealed class KeyTestsOnGarnet(ApiOn<GarnetFixture> fixture) : KeyTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class KeyTestsOnRedis(ApiOn<RedisServerFixture> fixture) : KeyTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;

public abstract class KeyTests(IApiFixture fixture) : ApiTests(fixture)
{
    [Fact]
    public async Task A_new_key_opens_what_its_scopes_say_and_nothing_else()
    {
        var admin = await MakeAsync(Api, "second admin", "admin");
        var reader = await MakeAsync(Api, "reader", "read");

        Assert.Equal(HttpStatusCode.OK, await ListStatusAsync(admin.Key));
        Assert.Equal(HttpStatusCode.Forbidden, await ListStatusAsync(reader.Key));
        Assert.Equal(HttpStatusCode.Unauthorized, await ListStatusAsync(reader.Key + "x"));
    }

    [Fact]
    public async Task The_key_is_shown_once_and_kept_nowhere()
    {
        var made = await MakeAsync(Api, "ci", "read", "submit");

        var list = await Api.Http.GetStringAsync("/v1/keys", Stop);
        Assert.Contains(made.Id, list, StringComparison.Ordinal);
        Assert.DoesNotContain(made.Key, list, StringComparison.Ordinal);

        var database = Redis.Client.GetDatabase();
        await foreach (var key in Redis.Client.GetServers().Single().KeysAsync(pattern: "*"))
        {
            var content = await database.KeyTypeAsync(key) switch
            {
                StackExchange.Redis.RedisType.Hash => string.Join(' ', await database.HashGetAllAsync(key)),
                StackExchange.Redis.RedisType.List => string.Join(' ', await database.ListRangeAsync(key)),
                StackExchange.Redis.RedisType.SortedSet => string.Join(' ', await database.SortedSetRangeByRankAsync(key)),
                _ => (string?)await database.StringGetAsync(key),
            };
            Assert.DoesNotContain(made.Key, $"{key} {content}", StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_revoked_key_opens_nothing_from_then_on()
    {
        var made = await MakeAsync(Api, "leaver", "admin");
        Assert.Equal(HttpStatusCode.OK, await ListStatusAsync(made.Key));

        Assert.Equal(HttpStatusCode.NoContent, (await Api.Http.DeleteAsync($"/v1/keys/{made.Id}", Stop)).StatusCode);

        Assert.Equal(HttpStatusCode.Unauthorized, await ListStatusAsync(made.Key));
        Assert.Empty((await PageAsync("")).GetProperty("items").EnumerateArray());
        await ApiClient.ExpectProblemAsync(await Api.Http.DeleteAsync($"/v1/keys/{made.Id}", Stop), HttpStatusCode.NotFound, "key-not-found");
    }

    [Fact]
    public async Task An_unknown_scope_is_refused_and_the_known_ones_are_named()
    {
        var problem = await ApiClient.ExpectProblemAsync(await PostAsync(Api, "x", "read", "write"), HttpStatusCode.BadRequest, "unknown-scope", "scopes");
        var detail = problem.GetProperty("detail").GetString();

        Assert.Contains("'write'", detail, StringComparison.Ordinal);
        Assert.Contains("admin, gateway, models, operate, read, submit, work", detail, StringComparison.Ordinal);
        await AssertNothingMadeAsync();
    }

    [Fact]
    public async Task Nobody_gives_a_scope_that_he_lacks_but_work_and_models()
    {
        var made = await MakeAsync(Api, "only admin", "admin");
        using var narrow = Server.Client(made.Key);

        await ApiClient.ExpectProblemAsync(await PostAsync(narrow, "x", "submit"), HttpStatusCode.Forbidden, "scope-not-held", "scopes");
        Assert.Equal(["work", "models"], (await MakeAsync(narrow, "worker", "work", "models")).Scopes);
    }

    [Theory]
    [InlineData("""{ "name": " ", "scopes": ["read"] }""", "invalid-field", "name")]
    [InlineData("""{ "name": "a\nb", "scopes": ["read"] }""", "invalid-field", "name")]
    [InlineData("""{ "name": "x", "scopes": [] }""", "invalid-field", "scopes")]
    [InlineData("""{ "name": "x", "scopes": [null] }""", "unknown-scope", "scopes")]
    [InlineData("""{ "name": "x" }""", "missing-field", "scopes")]
    [InlineData("""{ "name": "x", "scopes": ["read"], "expires": 1 }""", "unknown-field", "expires")]
    public async Task A_bad_request_is_refused_with_its_field(string body, string type, string field)
    {
        using var content = new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));

        await ApiClient.ExpectProblemAsync(await Api.Http.PostAsync("/v1/keys", content, Stop), HttpStatusCode.BadRequest, type, field);
        await AssertNothingMadeAsync();
    }

    [Fact]
    public async Task The_list_comes_in_pages_oldest_first()
    {
        foreach (var name in (string[])["one", "two", "three"])
        {
            await MakeAsync(Api, name, "read");
        }

        var first = await PageAsync("?limit=2");
        var second = await PageAsync($"?limit=2&cursor={first.GetProperty("next").GetString()}");

        Assert.Equal(["one", "two"], Names(first));
        Assert.Equal(["three"], Names(second));
        Assert.False(second.TryGetProperty("next", out _));
        await ApiClient.ExpectProblemAsync(await Api.Http.GetAsync("/v1/keys?limit=0", Stop), HttpStatusCode.BadRequest, "invalid-field", "limit");
    }

    private static async Task<NewKeyView> MakeAsync(ApiClient client, string name, params string[] scopes)
    {
        using var answer = await PostAsync(client, name, scopes);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync(KeysJson.Default.NewKeyView, Stop))!;
    }

    private static Task<HttpResponseMessage> PostAsync(ApiClient client, string name, params string[] scopes) =>
        client.Http.PostAsJsonAsync("/v1/keys", new KeyRequest { Name = name, Scopes = scopes }, KeysJson.Default.KeyRequest, Stop);

    private async Task<HttpStatusCode> ListStatusAsync(string key)
    {
        using var client = Server.Client(key);
        using var answer = await client.Http.GetAsync("/v1/keys", Stop);
        return answer.StatusCode;
    }

    private Task<JsonElement> PageAsync(string query) => Api.Http.GetFromJsonAsync<JsonElement>("/v1/keys" + query, Stop);

    private static IEnumerable<string?> Names(JsonElement page) => page.GetProperty("items").EnumerateArray().Select(key => key.GetProperty("name").GetString());

    private async Task AssertNothingMadeAsync() => Assert.Empty((await PageAsync("")).GetProperty("items").EnumerateArray());
}
