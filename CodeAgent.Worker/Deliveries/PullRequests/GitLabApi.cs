using CodeAgent.Contracts;

namespace CodeAgent.Worker.Deliveries.PullRequests;

/// <summary>Merge requests at GitLab.</summary>
/// <param name="host">Its API.</param>
/// <param name="project"><c>group/subgroup/name</c>.</param>
internal sealed class GitLabApi(HostClient host, string project) : IPullRequestApi
{
    private readonly string _path = $"projects/{Uri.EscapeDataString(project)}/merge_requests";

    public async Task<PullRequestView?> FindAsync(string branch, CancellationToken cancellationToken)
    {
        var open = await host.SendAsync($"{_path}?state=opened&source_branch={Uri.EscapeDataString(branch)}", null, cancellationToken);
        return open.AsArray() is [{ } first, ..] ? View(first) : null;
    }

    // A draft is one by its title.
    public async Task<PullRequestView> OpenAsync(PullRequestProposal proposal, CancellationToken cancellationToken) => View(await host.SendAsync(_path, new()
    {
        ["title"] = proposal.Draft ? $"Draft: {proposal.Title}" : proposal.Title,
        ["source_branch"] = proposal.Branch,
        ["target_branch"] = proposal.Base,
        ["description"] = proposal.Body,
    }, cancellationToken));

    private static PullRequestView View(System.Text.Json.Nodes.JsonNode answer) =>
        answer["iid"] is { } number && answer["web_url"] is { } url ? new((long)number, (string)url!) : throw new PullRequestException("the host's answer has no number and no address.");
}
