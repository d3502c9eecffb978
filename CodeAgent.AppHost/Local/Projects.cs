namespace Projects;

// What the Aspire SDK writes for each project reference.
internal sealed class CodeAgent_Api : IProjectMetadata
{
    public string ProjectPath => "CodeAgent.Api/CodeAgent.Api.csproj";
}

internal sealed class CodeAgent_LlmGateway : IProjectMetadata
{
    public string ProjectPath => "CodeAgent.LlmGateway/CodeAgent.LlmGateway.csproj";
}

internal sealed class CodeAgent_Worker : IProjectMetadata
{
    public string ProjectPath => "CodeAgent.Worker/CodeAgent.Worker.csproj";
}
