using CodeAgent.ServiceDefaults.Redis;

namespace CodeAgent.LlmGateway.Budgets;

internal static class BudgetExtensions
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromMilliseconds(900);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(4.5);

    public static void AddBudgets(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<RedisPatienceOptions>()
            .Configure(options => options.AnswerWithin = AnswerWithin)
            .BindConfiguration(RedisPatienceOptions.Section)
            .Validate(options => options.AnswerWithin is { } wait && wait > TimeSpan.Zero && wait <= LongestWait,
                "Redis:AnswerWithin is how long a request waits for Redis, for instance 00:00:00.9: above 0, at most 4.5 s.")
            .ValidateOnStart();
        builder.Services.AddSingleton<GatewayId>();
        builder.Services.AddSingleton<TaskLimits>();
        builder.Services.AddSingleton<Subjects>();
        builder.Services.AddSingleton<AdmissionQueue>();
        builder.Services.AddSingleton<SettlementQueue>();
        builder.Services.AddHostedService(services => services.GetRequiredService<SettlementQueue>());
        builder.Services.AddSingleton<BudgetDesk>();
        builder.Services.AddSingleton<UsageBooks>();
    }
}
