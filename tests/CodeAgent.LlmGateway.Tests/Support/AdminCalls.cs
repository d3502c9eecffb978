using System.Net.Http.Json;
using System.Text.Json;
using CodeAgent.Testing;

namespace CodeAgent.LlmGateway.Tests.Support;

/// <summary>What operators ask.</summary>
internal static class AdminCalls
{
    /// <summary>The books of today for one name, once they have so many requests.</summary>
    public static Task<JsonElement> BooksAsync(this HttpClient admin, string by, string name, long requests = 1) => BooksAsync(admin, by, name, row => row.GetProperty("requests").GetInt64() >= requests);

    /// <summary>The books of today for one name, once they are as expected.</summary>
    public static async Task<JsonElement> BooksAsync(this HttpClient admin, string by, string name, Func<JsonElement, bool> expected)
    {
        JsonElement? found = null;
        await Eventually.TrueAsync(async () =>
        {
            var view = await admin.GetFromJsonAsync<JsonElement>($"/admin/usage?by={by}", TestContext.Current.CancellationToken);
            foreach (var row in view.GetProperty("items").EnumerateArray().Where(row => row.GetProperty("name").GetString() == name && expected(row)))
            {
                found = row.Clone();
            }

            return found is not null;
        }, TimeSpan.FromSeconds(10), $"{name} is in the books");
        return found!.Value;
    }

    public static decimal Usd(this JsonElement row) => row.GetProperty("costUsd").GetDecimal();

    public static long Count(this JsonElement row, string name) => row.GetProperty(name).GetInt64();
}
