using System.Text.Json;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Tests.Contracts;

public sealed class ContractsTests
{
    [Fact]
    public void Left_out_fields_have_their_defaults()
    {
        var request = JsonSerializer.Deserialize("""{ "prompt": "x", "limits": { "turns": 3 } }""", ContractsJson.Default.TaskRequest)!;

        Assert.Equal(new TaskLimits { Turns = 3, Minutes = 30, Tokens = 400_000, CostUsd = 2.0m }, request.Limits);
        Assert.Equal(new AgentRequest { Name = "builtin" }, request.Agent);
        Assert.Equal(new DeliveryRequest { Branch = "codeagent/{id}" }, request.Delivery);
        Assert.Empty(request.Checks);
        Assert.Empty(request.Labels);
    }

    [Fact]
    public void Unknown_fields_are_refused_at_any_depth() =>
        Assert.Throws<JsonException>(() =>
            JsonSerializer.Deserialize("""{ "prompt": "x", "limits": { "turn": 3 } }""", ContractsJson.Default.TaskRequest));

    [Fact]
    public void States_are_written_in_snake_case() =>
        Assert.Equal("\"awaiting_input\"", JsonSerializer.Serialize(TaskStatus.AwaitingInput));
}
