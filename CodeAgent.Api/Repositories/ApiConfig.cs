using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.Api.Repositories;

/// <summary>The file <c>config/api.yaml</c>.</summary>
internal sealed class ApiConfig
{
    /// <summary>Which repositories tasks may name.</summary>
    public RepositoryConfig Repositories { get; set; } = new();

    public static void Validate(ApiConfig config, ConfigProblems problems)
    {
        for (var i = 0; i < config.Repositories.AllowedFolders.Count; i++)
        {
            problems.Require(config.Repositories.AllowedFolders[i].Length > 0, $"repositories.allowedFolders[{i}]", "a folder is a path, such as /home/me/source");
        }
    }
}

/// <summary>Which repositories tasks may name.</summary>
internal sealed class RepositoryConfig
{
    /// <summary>Repositories in these folders may be named as <c>file:///…</c>. None by default. Relative paths begin at <c>CODEAGENT_HOME</c>; links are followed.</summary>
    public List<string> AllowedFolders { get; set; } = [];
}
