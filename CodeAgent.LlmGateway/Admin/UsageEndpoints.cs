using System.Globalization;
using CodeAgent.LlmGateway.Budgets;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CodeAgent.LlmGateway.Admin;

internal static class UsageEndpoints
{
    private const int LongestSpan = 400;

    public static void MapUsage(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/admin/usage", GetAsync).RequireAuthorization(AdminAccess.Policy).WithQuery("by", "from", "to");

    private static async Task<JsonHttpResult<UsageView>> GetAsync(UsageBooks books, KeyStore keys, TimeProvider time, string? by = null, string? from = null, string? to = null)
    {
        by ??= UsageBooks.Sides[0];
        if (!UsageBooks.Sides.Contains(by))
        {
            throw Invalid("by", $"'by' is one of: {string.Join(", ", UsageBooks.Sides)}.");
        }

        var last = Day(to, "to") ?? DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var first = Day(from, "from") ?? last;
        if (first > last)
        {
            throw Invalid("from", "'from' is a day after 'to'.");
        }

        if (last.DayNumber - first.DayNumber >= LongestSpan)
        {
            throw Invalid("from", $"At most {LongestSpan} days can be asked for at once.");
        }

        var found = await books.ReadAsync(by, first, last);
        var total = new BookSums();
        foreach (var sums in found.Values)
        {
            total.Add(sums);
        }

        var rows = await Task.WhenAll(found.OrderByDescending(entry => entry.Value.Picos).ThenBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(async entry => UsageRow.Of(entry.Key, by == "key" ? (await keys.FindAsync(entry.Key))?.Name : null, entry.Value)));
        return TypedResults.Json(new UsageView(by, first, last, rows, UsageRow.Of(null, null, total)), AdminJson.Default.UsageView);
    }

    private static DateOnly? Day(string? text, string field) => text is null ? null
        : DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day
        : throw Invalid(field, $"'{field}' is a day such as 2026-11-30.");

    private static ProblemException Invalid(string field, string detail) => new("invalid-field", StatusCodes.Status400BadRequest, detail) { Field = field };
}

/// <summary>The books of some days, in UTC.</summary>
internal sealed record UsageView(string By, DateOnly From, DateOnly To, IReadOnlyList<UsageRow> Items, UsageRow Total);

/// <summary>What was used.</summary>
/// <param name="Name">Id of the key, name of the model, or id of the task.</param>
/// <param name="KeyName">The key's name, while there is such a key.</param>
/// <param name="Requests">Requests that were let in, the ones answered from a record or the cache too.</param>
/// <param name="Errors">Requests of these that got no whole answer.</param>
/// <param name="Repeated">Requests of these that were answered from a record or the cache: they used nothing.</param>
/// <param name="Estimated">Requests of these whose tokens are a guess in part, since a provider did not say.</param>
/// <param name="InputTokens">Tokens read, from and into the provider's cache included.</param>
/// <param name="CachedInputTokens">Tokens of these that came from the provider's cache.</param>
/// <param name="CacheWriteTokens">Tokens of these that were written into it.</param>
/// <param name="OutputTokens">Tokens written, the ones for reasoning included.</param>
/// <param name="ReasoningTokens">Tokens of these that were for reasoning.</param>
/// <param name="CostUsd">By the prices at the time.</param>
internal sealed record UsageRow(
    string? Name, string? KeyName, long Requests, long Errors, long Repeated, long Estimated, long InputTokens, long CachedInputTokens,
    long CacheWriteTokens, long OutputTokens, long ReasoningTokens, decimal CostUsd)
{
    public static UsageRow Of(string? name, string? keyName, BookSums sums) => new(
        name, keyName, sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], sums[6], sums[7], sums[8], TokenPrices.Usd(sums.Picos));
}
