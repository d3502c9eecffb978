using System.Net;
using System.Text.Json;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Documentation;

public sealed class DocumentationTests(ApiOn<GarnetFixture> fixture) : ApiTests(fixture), IClassFixture<ApiOn<GarnetFixture>>
{
    [Fact]
    public async Task The_document_describes_every_endpoint_to_everybody()
    {
        using var nobody = Server.Client(null);
        using var document = JsonDocument.Parse(await nobody.Http.GetStringAsync("/openapi/v1.json", Stop));
        var paths = document.RootElement.GetProperty("paths");

        foreach (var (path, method) in (IEnumerable<(string, string)>)[
            ("/v1/tasks", "post"), ("/v1/tasks", "get"), ("/v1/tasks/{id}", "get"), ("/v1/tasks/{id}/cancel", "post"), ("/v1/tasks/{id}/retry", "post"),
            ("/v1/tasks/{id}/messages", "post"), ("/v1/tasks/{id}/events", "get"), ("/v1/status", "get"), ("/v1/status/events", "get"), ("/v1/leases", "post"),
            ("/v1/leases/{taskId}/heartbeat", "post"), ("/v1/leases/{taskId}/events", "post"), ("/v1/leases/{taskId}/checkpoint", "put"),
            ("/v1/leases/{taskId}/artifacts/{name}", "put"), ("/v1/leases/{taskId}/complete", "post"), ("/v1/leases/{taskId}/release", "post")])
        {
            var operation = paths.GetProperty(path).GetProperty(method);
            Assert.NotEmpty(operation.GetProperty("summary").GetString()!);
            Assert.True(operation.GetProperty("responses").TryGetProperty("401", out _), $"{method} {path}");
            Assert.NotEmpty(operation.GetProperty("security").EnumerateArray());
        }

        var create = paths.GetProperty("/v1/tasks").GetProperty("post");
        Assert.True(create.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").TryGetProperty("schema", out _));
        Assert.True(create.GetProperty("responses").GetProperty("400").GetProperty("content").TryGetProperty("application/problem+json", out _));
        var schema = document.RootElement.GetProperty("components").GetProperty("schemas").GetProperty("TaskRequest");
        Assert.Equal(["prompt"], schema.GetProperty("required").EnumerateArray().Select(name => name.GetString()));
        Assert.Contains("1,000,000", schema.GetProperty("properties").GetProperty("prompt").GetProperty("description").GetString(), StringComparison.Ordinal);
        Assert.Equal("bearer", document.RootElement.GetProperty("components").GetProperty("securitySchemes").GetProperty("key").GetProperty("scheme").GetString());
    }

    [Fact]
    public async Task There_is_a_page_to_try_it()
    {
        using var nobody = Server.Client(null);
        using var page = await nobody.Http.GetAsync("/scalar", Stop);

        Assert.Equal((HttpStatusCode.OK, "text/html"), (page.StatusCode, page.Content.Headers.ContentType?.MediaType));
    }
}
