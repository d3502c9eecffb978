namespace CodeAgent.LlmGateway.Budgets;

/// <summary>Tells this gateway's reservations from those of its replicas, and from those it made before it was started anew.</summary>
internal sealed class GatewayId
{
    public Guid Value { get; } = Guid.NewGuid();

    public string Name(Reservation reservation) => $"{Value:N}.{reservation.Number}";
}
