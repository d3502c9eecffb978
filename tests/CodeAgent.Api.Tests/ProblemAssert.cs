using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace CodeAgent.Api.Tests;

internal static class ProblemAssert
{
    /// <summary>Fails unless the answer is this problem, and gives its detail.</summary>
    public static async Task<string> IsAsync(HttpResponseMessage answer, HttpStatusCode status, string type, string? field = null)
    {
        using (answer)
        {
            Assert.Equal(status, answer.StatusCode);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
            var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
            Assert.Equal("urn:codeagent:problem:" + type, problem.GetProperty("type").GetString());
            Assert.Equal(field, problem.TryGetProperty("field", out var named) ? named.GetString() : null);
            return problem.GetProperty("detail").GetString()!;
        }
    }
}
