namespace CodeAgent.LlmGateway.Budgets;

internal static class BudgetExtensions
{
    public static void AddBudgets(this WebApplicationBuilder builder)
    {
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
