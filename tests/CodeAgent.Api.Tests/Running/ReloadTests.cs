using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Running;

/// <summary><c>config/api.yaml</c> is edited while the Api has much to do.</summary>
public sealed class ReloadTests(ApiOn<GarnetFixture> fixture) : ApiTests(fixture), IClassFixture<ApiOn<GarnetFixture>>
{
    private const int Clients = 8;
    private const int Edits = 12;
    private static readonly string[] Broken = ["repositories: [", "repositries:\n  allowedFolders: []\n", "repositories:\n  allowedFolders: 7\n", ""];

    [Fact]
    public async Task Each_request_of_a_load_gets_the_answer_of_one_good_configuration_while_the_file_is_edited()
    {
        var config = Directory.CreateDirectory(Path.Combine(Folder, "edited")).FullName;
        var file = Path.Combine(config, "api.yaml");
        await WriteAsync(file, allowed: true);
        await using var server = ApiServer.Start(Redis.ConnectionString, Folder, ("Config:Directory", config));
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var answers = new ConcurrentDictionary<HttpStatusCode, int>();
        var load = Enumerable.Range(0, Clients).Select(async _ =>
        {
            using var client = server.Client();
            while (!over.IsCancellationRequested)
            {
                answers.AddOrUpdate(await SubmitAsync(client), 1, static (_, count) => count + 1);
            }
        }).ToList();

        using var looking = server.Client();
        for (var edit = 0; edit < Edits; edit++)
        {
            var allowed = edit % 2 == 1;
            await WriteAsync(file, allowed);
            await Eventually.TrueAsync(async () => await SubmitAsync(looking) == Expected(allowed), Limit, $"edit {edit} is in force");

            // Nothing tells that a file was read and refused but its log; that what was in force stays is seen at the next edits, too.
            await File.WriteAllTextAsync(file, Broken[edit % Broken.Length], Stop);
            Assert.Equal(Expected(allowed), await SubmitAsync(looking));
        }

        await over.CancelAsync();
        await Task.WhenAll(load);
        Assert.Equal([HttpStatusCode.Created, HttpStatusCode.BadRequest], answers.Keys.Order());
        Assert.All(answers.Values, count => Assert.InRange(count, Edits, int.MaxValue));
    }

    private static HttpStatusCode Expected(bool allowed) => allowed ? HttpStatusCode.Created : HttpStatusCode.BadRequest;

    private static Task WriteAsync(string file, bool allowed) =>
        File.WriteAllTextAsync(file, $"repositories:\n  allowedFolders: [ {(allowed ? "/srv" : "")} ]\n", Stop);

    // The one refusal that is right is the one that the configuration asks for.
    private static async Task<HttpStatusCode> SubmitAsync(ApiClient client)
    {
        using var answer = await client.PostTextAsync("/v1/tasks", """{ "prompt": "true", "agent": { "name": "command" }, "repository": { "url": "file:///srv/one" } }""");
        if (answer.StatusCode == HttpStatusCode.BadRequest)
        {
            using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(CancellationToken.None));
            Assert.Equal("repository.url", problem.RootElement.GetProperty("field").GetString());
        }

        return answer.StatusCode;
    }
}
