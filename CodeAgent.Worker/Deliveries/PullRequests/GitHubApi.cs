using CodeAgent.Contracts;

namespace CodeAgent.Worker.Deliveries.PullRequests;

/// <summary>Pull requests at GitHub.</summary>
/// <param name="host">Its API.</param>
/// <param name="repository"><c>owner/name</c>.</param>
internal sealed class GitHubApi(HostClient host, string repository) : IPullRequestApi
{
    public async Task<PullRequestView?> FindAsync(string branch, CancellationToken cancellationToken)
    {
        var head = Uri.EscapeDataString($"{repository.Split('/')[0]}:{branch}");
        var open = await host.SendAsync($"repos/{repository}/pulls?state=open&head={head}", null, cancellationToken);
        return open.AsArray() is [{ } first, ..] ? View(first) : null;
    }

    public async Task<PullRequestView> OpenAsync(PullRequestProposal proposal, CancellationToken cancellationToken) => View(await host.SendAsync($"repos/{repository}/pulls", new()
    {
        ["title"] = proposal.Title,
        ["head"] = proposal.Branch,
        ["base"] = proposal.Base,
        ["body"] = proposal.Body,
        ["draft"] = proposal.Draft,
    }, cancellationToken));

    private static PullRequestView View(System.Text.Json.Nodes.JsonNode answer) =>
        answer["number"] is { } number && answer["html_url"] is { } url ? new((long)number, (string)url!) : throw new PullRequestException("the host's answer has no number and no address.");
}
