using CodeAgent.Api.Repositories;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Tasks;

// What a task leaves: reports, files, a pull request.
internal static partial class TaskRules
{
    private const int MostPatterns = 20;
    private const int MostFolders = 100;
    private const int LongestPattern = 500;
    private const int LongestTitle = 250;
    private const int LongestBody = 60_000;

    private static void RequireShape(RepositoryRequest repository)
    {
        RequireObject(repository.Sparse, "repository.sparse");
        Require(repository.Sparse.Count <= MostFolders, "repository.sparse", $"There are at most {MostFolders} folders.");
        for (var i = 0; i < repository.Sparse.Count; i++)
        {
            Require(repository.Sparse[i] is { Length: > 0 and <= LongestPattern } folder && folder[0] != '/' && !folder.Any(c => char.IsControl(c) || "*?[]!#\\".Contains(c, StringComparison.Ordinal))
                    && folder.Trim('/').Split('/').All(name => name is not ("" or "." or "..")),
                $"repository.sparse[{i}]", "A folder of the repository, such as src/app, and no pattern.");
        }

        Require(repository.Depth is null or (>= 1 and <= 1_000_000), "repository.depth", "repository.depth is 1 to 1000000.");
    }

    private static void Require(ResultsRequest results)
    {
        RequireObject(results.Tests, "results.tests");
        RequireObject(results.Files, "results.files");
        RequirePatterns(results.Tests, "results.tests");
        RequirePatterns(results.Files, "results.files");
    }

    private static void RequirePatterns(IReadOnlyList<string> patterns, string field)
    {
        Require(patterns.Count <= MostPatterns, field, $"There are at most {MostPatterns} patterns.");
        for (var i = 0; i < patterns.Count; i++)
        {
            var pattern = patterns[i];
            Require(!string.IsNullOrWhiteSpace(pattern) && pattern.Length <= LongestPattern && pattern[0] != '/' && !pattern.Any(char.IsControl)
                    && !pattern.Contains('\\') && !pattern.Split('/').Contains(".."),
                $"{field}[{i}]", $"A pattern is a path in the workspace of 1 to {LongestPattern} characters, such as coverage/*.xml or **/*.trx; it does not begin with a slash and has no '..' in it.");
        }
    }

    private static void Require(PullRequestRequest? request, DeliveryRequest delivery)
    {
        if (request is null)
        {
            return;
        }

        Require(delivery.Push, "delivery.pullRequest", "A pull request needs the branch at the host: set delivery.push to true.");
        Require(request.Title is null || (!string.IsNullOrWhiteSpace(request.Title) && request.Title.Length <= LongestTitle && !request.Title.Any(char.IsControl)),
            "delivery.pullRequest.title", $"A title has 1 to {LongestTitle} characters in one line.");
        Require(request.Body is null || request.Body.Length <= LongestBody, "delivery.pullRequest.body", $"A pull request's text has at most {LongestBody:N0} characters.");
        Require(request.Base is null || (GitNames.IsBranch(request.Base) && !request.Base.StartsWith("refs/", StringComparison.Ordinal)),
            "delivery.pullRequest.base", "The name of a branch, without refs/heads/.");
    }
}
